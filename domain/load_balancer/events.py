"""What happens to a load balancer, and what each event changes."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from domain.aggregate import Aggregate
from domain.load_balancer.certificate import Certificate
from domain.load_balancer.routes import Routes
from domain.load_balancer.spec import Timeouts
from domain.load_balancer.target import Selector, State, Target, TargetSpec

if TYPE_CHECKING:
    from domain.load_balancer.aggregate import LoadBalancer


class Event(Aggregate.Event):
    """What happened to a load balancer."""


class CreateRequested(Aggregate.Created):
    """A load balancer was requested."""

    account_id: str
    name: str
    vpc_id: str
    vpc_name: str
    listeners: list[dict[str, Any]]
    target_groups: list[dict[str, Any]]
    timeouts: dict[str, float]
    tags: dict[str, str]

    def apply(self, aggregate: "LoadBalancer") -> None:
        aggregate.vpc_id = self.vpc_id
        aggregate.vpc_name = self.vpc_name
        aggregate.routes = Routes.of(self.listeners, self.target_groups)
        aggregate.timeouts = Timeouts(**self.timeouts)
        aggregate.certificates = {}
        aggregate.targets = {}
        aggregate.selectors = {}
        aggregate.interface = None


class ListenersChanged(Event):
    """It should listen elsewhere, or send requests elsewhere."""

    listeners: list[dict[str, Any]]

    def apply(self, aggregate: "LoadBalancer") -> None:
        changed = Routes.of(self.listeners, ())
        aggregate.routes = replace(aggregate.routes, listeners=changed.listeners)


class TargetGroupsChanged(Event):
    """Target groups were added, removed, or balance and check differently."""

    target_groups: list[dict[str, Any]]

    def apply(self, aggregate: "LoadBalancer") -> None:
        changed = Routes.of((), self.target_groups)
        aggregate.routes = replace(aggregate.routes, target_groups=changed.target_groups)


class TimeoutsChanged(Event):
    """It waits for longer or shorter."""

    timeouts: dict[str, float]

    def apply(self, aggregate: "LoadBalancer") -> None:
        aggregate.timeouts = Timeouts(**self.timeouts)


class CertificateUploaded(Event):
    """A certificate can be used by listeners. Its private key is sealed elsewhere."""

    name: str
    pem: str
    fingerprint: str
    subject: str
    names: list[str]
    not_after: datetime
    key_id: str

    def apply(self, aggregate: "LoadBalancer") -> None:
        uploaded = Certificate(
            self.name, self.pem, self.fingerprint, self.subject, self.names, self.not_after, self.key_id
        )
        aggregate.certificates = {**aggregate.certificates, self.name: uploaded}


class CertificateRemoved(Event):
    """A certificate was removed."""

    name: str

    def apply(self, aggregate: "LoadBalancer") -> None:
        aggregate.certificates = {
            name: each for name, each in aggregate.certificates.items() if name != self.name
        }


class TargetRegistered(Event):
    """Requests may go to an instance or address."""

    target_id: str
    target_group: str
    instance_id: str | None
    instance_name: str | None
    address: str | None
    port: int
    weight: int
    selector: str | None

    def apply(self, aggregate: "LoadBalancer") -> None:
        spec = TargetSpec(
            self.target_group,
            self.port,
            self.weight,
            self.instance_id,
            self.instance_name,
            self.address,
            self.selector,
        )
        known = aggregate.targets.get(self.target_id, Target(spec))
        aggregate.targets = {**aggregate.targets, self.target_id: known.registered(spec)}


class TargetWeightChanged(Event):
    """A target gets another share of the requests."""

    target_id: str
    weight: int

    def apply(self, aggregate: "LoadBalancer") -> None:
        changed = aggregate.targets[self.target_id].reweighted(self.weight)
        aggregate.targets = {**aggregate.targets, self.target_id: changed}


class TargetDeregistered(Event):
    """A target was taken out; it may have to drain."""

    target_id: str

    def apply(self, aggregate: "LoadBalancer") -> None:
        leaving = aggregate.targets[self.target_id].deregistered()
        aggregate.targets = {**aggregate.targets, self.target_id: leaving}


class TargetStateChanged(Event):
    """A target was found healthy or not, began to drain, or went out of service."""

    target_id: str
    state: str
    reason: str | None
    address: str | None
    at: datetime

    def apply(self, aggregate: "LoadBalancer") -> None:
        target = aggregate.targets[self.target_id]
        changed = target.turned(cast(State, self.state), self.reason, self.address, self.at)
        aggregate.targets = {**aggregate.targets, self.target_id: changed}


class TargetReleased(Event):
    """A target that was taken out gets no requests and has none in flight."""

    target_id: str
    reason: str | None

    def apply(self, aggregate: "LoadBalancer") -> None:
        aggregate.targets = {id_: each for id_, each in aggregate.targets.items() if id_ != self.target_id}


class SelectorAdded(Event):
    """Instances with some tags are targets."""

    selector_id: str
    target_group: str
    tags: dict[str, str]
    port: int
    weight: int

    def apply(self, aggregate: "LoadBalancer") -> None:
        added = Selector(self.target_group, self.tags, self.port, self.weight)
        aggregate.selectors = {**aggregate.selectors, self.selector_id: added}


class SelectorRemoved(Event):
    """Instances with some tags are not targets any more."""

    selector_id: str

    def apply(self, aggregate: "LoadBalancer") -> None:
        aggregate.selectors = {
            id_: each for id_, each in aggregate.selectors.items() if id_ != self.selector_id
        }
