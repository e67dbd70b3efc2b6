"""The rules and events of one load balancer.

Rules
-----
* A listener's host port has one holder at a time, as the published port of an instance has.
* Targets are instances of the balancer's VPC, or addresses in its range.
* A target that is taken out, or whose instance is asked to end, drains: it leaves when nothing is in flight, or after
  the deregistration delay of its group.
* Registering what is registered changes its weight at most; registering what is leaving keeps it.
* A target that a selector brought is taken out by its tags or with the selector.
* A certificate in use cannot be removed; a private key is sealed, and forgotten with its certificate.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.instance.aggregate import PORT_SCOPE
from domain.instance.traffic import service_scope, watch_scope
from domain.load_balancer.certificate import Certificate
from domain.load_balancer.errors import CertificateInUse, TargetSelected, UnknownTarget
from domain.load_balancer.spec import BalancerSpec, Listener, TargetGroup, Timeouts, check_routes
from domain.load_balancer.target import (
    Selector,
    State,
    Target,
    TargetSpec,
    check_port_and_weight,
)
from domain.managed import Managed

MAX_TARGETS = 500
_PATIENCE = timedelta(seconds=30)
"""How long an instance waits for its balancer to begin draining, or to say that it has ended."""


class LoadBalancer(Managed):
    """One proxy and what is wanted of it."""

    PREFIX = "lb"

    class CreateRequested(Aggregate.Created):
        """A load balancer was asked for."""

        account_id: str
        name: str
        vpc_id: str
        vpc_name: str
        listeners: list[dict[str, Any]]
        target_groups: list[dict[str, Any]]
        timeouts: dict[str, float]
        tags: dict[str, str]

    class ListenersChanged(Aggregate.Event):
        """It should listen elsewhere, or send requests elsewhere."""

        listeners: list[dict[str, Any]]

    class TargetGroupsChanged(Aggregate.Event):
        """Groups came, went, or balance and check otherwise."""

        target_groups: list[dict[str, Any]]

    class TimeoutsChanged(Aggregate.Event):
        """It waits for longer or shorter."""

        timeouts: dict[str, float]

    class CertificateUploaded(Aggregate.Event):
        """A certificate can be used by listeners. Its private key is sealed elsewhere."""

        name: str
        pem: str
        fingerprint: str
        subject: str
        names: list[str]
        not_after: datetime
        key_id: str

    class CertificateRemoved(Aggregate.Event):
        """A certificate is not kept any more."""

        name: str

    class TargetRegistered(Aggregate.Event):
        """Requests may go to an instance or address."""

        target_id: str
        target_group: str
        instance_id: str | None
        instance_name: str | None
        address: str | None
        port: int
        weight: int
        selector: str | None

    class TargetWeightChanged(Aggregate.Event):
        """A target gets another share of the requests."""

        target_id: str
        weight: int

    class TargetDeregistered(Aggregate.Event):
        """A target is not wanted any more; it may have to drain."""

        target_id: str

    class TargetStateChanged(Aggregate.Event):
        """A target was found well or not, began to drain, or went out of service."""

        target_id: str
        state: str
        reason: str | None
        address: str | None
        at: datetime

    class TargetReleased(Aggregate.Event):
        """A target that was not wanted any more gets no requests and has none in flight."""

        target_id: str
        reason: str | None

    class SelectorAdded(Aggregate.Event):
        """Instances with some tags are targets."""

        selector_id: str
        target_group: str
        tags: dict[str, str]
        port: int
        weight: int

    class SelectorRemoved(Aggregate.Event):
        """Instances with some tags are not targets any more."""

        selector_id: str

    @classmethod
    def create(cls, spec: BalancerSpec) -> Self:
        """Ask for a load balancer. Raises Invalid."""
        values.name(spec.name)
        spec.timeouts.check()
        check_routes(spec.listeners, spec.target_groups, ())
        balancer = cls(
            account_id=spec.account_id,
            name=spec.name,
            vpc_id=spec.vpc_public_id,
            vpc_name=spec.vpc_name,
            listeners=[asdict(listener) for listener in spec.listeners],
            target_groups=[asdict(group) for group in spec.target_groups],
            timeouts=asdict(spec.timeouts),
            tags=values.tags(spec.tags),
        )
        balancer.conditions.claims += balancer.held_claims()
        balancer.conditions.requires.append(Claim("alive", spec.vpc_public_id, spec.vpc_id))
        return balancer

    def change_routes(
        self, listeners: Sequence[Listener] | None, groups: Sequence[TargetGroup] | None
    ) -> None:
        """Replace listeners, target groups or both. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        wanted = tuple(listeners) if listeners is not None else self.listeners
        served = tuple(groups) if groups is not None else self.target_groups
        check_routes(wanted, served, self.certificates)
        self._refuse_to_lose_targets(served)
        before = self._port_claims()
        if served != self.target_groups:
            self.trigger_event(self.TargetGroupsChanged, target_groups=[asdict(group) for group in served])
        if wanted != self.listeners:
            self.trigger_event(self.ListenersChanged, listeners=[asdict(listener) for listener in wanted])
        after = self._port_claims()
        self.conditions.claims += [claim for claim in after if claim not in before]
        self.conditions.releases += [claim for claim in before if claim not in after]

    def change_timeouts(self, timeouts: Timeouts) -> None:
        """Wait for longer or shorter. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        timeouts.check()
        if timeouts != self.timeouts:
            self.trigger_event(self.TimeoutsChanged, timeouts=asdict(timeouts))

    def upload_certificate(self, certificate: Certificate, key_id: UUID) -> None:
        """Keep a certificate, in place of one of that name. Raises BeingDeleted."""
        self.refuse_if_deleting()
        before = self.certificates.get(certificate.name)
        if before is not None:
            self.conditions.erases.append(UUID(before.key_id))
        self.trigger_event(self.CertificateUploaded, **asdict(replace(certificate, key_id=str(key_id))))

    def remove_certificate(self, name: str) -> None:
        """Forget a certificate and its key. Raises BeingDeleted, Invalid, CertificateInUse."""
        self.refuse_if_deleting()
        if name not in self.certificates:
            raise Invalid(f"cannot remove the certificate {values.shown(name)}: there is none", field="name")
        users = [str(listener.port) for listener in self.listeners if name in listener.certificates]
        if users:
            raise CertificateInUse(
                f"cannot remove the certificate {name}: the listener on port {', '.join(users)} uses it; change "
                "that first"
            )
        self.conditions.erases.append(UUID(self.certificates[name].key_id))
        self.trigger_event(self.CertificateRemoved, name=name)

    def register(self, spec: TargetSpec, range_: IPv4Network) -> None:
        """Send requests to a target, or change its weight. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        spec.check(range_)
        self._refuse_unknown_group(spec.target_group)
        known = self.targets.get(spec.id)
        if known is not None and not known.is_leaving:
            self.change_weight(spec.id, spec.weight)
            return
        if len(self.targets) >= MAX_TARGETS:
            raise Invalid(
                f"cannot have more than {MAX_TARGETS} targets; use another balancer", field="targets"
            )
        if known is None and spec.instance_id is not None:
            self.conditions.claims.append(self._watch_claim(spec))
        self.trigger_event(self.TargetRegistered, target_id=spec.id, **asdict(spec))

    def change_weight(self, target_id: str, weight: int) -> None:
        """Give a target another share of the requests. Raises BeingDeleted, UnknownTarget, Invalid."""
        self.refuse_if_deleting()
        target = self.target(target_id)
        check_port_and_weight(target.spec.port, weight)
        if weight != target.spec.weight:
            self.trigger_event(self.TargetWeightChanged, target_id=target_id, weight=weight)

    def deregister(self, target_id: str) -> None:
        """Take a target out; it drains first. Raises UnknownTarget, TargetSelected."""
        target = self.target(target_id)
        if target.spec.selector is not None and target.spec.selector in self.selectors:
            raise TargetSelected(
                f"cannot take {target_id} out: the selector {target.spec.selector} brings it back; remove the selector "
                "or change the tags of the instance"
            )
        self.release(target_id)

    def release(self, target_id: str) -> None:
        """Take a target out that nothing selects any more."""
        target = self.targets.get(target_id)
        if target is None or target.is_leaving:
            return
        self.trigger_event(self.TargetDeregistered, target_id=target_id)
        if not target.is_in_service:
            self._leave(target, target.reason)

    def select(self, selector: Selector) -> None:
        """Make instances with some tags targets. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        selector.check()
        self._refuse_unknown_group(selector.target_group)
        if self.selectors.get(selector.id) != selector:
            self.trigger_event(self.SelectorAdded, selector_id=selector.id, **selector.payload())

    def unselect(self, selector_id: str) -> None:
        """Make instances with some tags no targets any more; they drain. Raises UnknownTarget."""
        if selector_id not in self.selectors:
            raise UnknownTarget(f"cannot find the selector {values.shown(selector_id)} of {self.name}")
        self.trigger_event(self.SelectorRemoved, selector_id=selector_id)
        for target in [each for each in self.targets.values() if each.spec.selector == selector_id]:
            self.release(target.spec.id)

    def report_target(
        self, target_id: str, state: State, reason: str | None, address: str | None, at: datetime
    ) -> None:
        """Note in which state a target is; once per state, reason and address."""
        target = self.targets.get(target_id)
        if target is None or (target.state, target.reason, target.address) == (state, reason, address):
            return
        if target.is_leaving and state == "unused":
            self._leave(target, reason)
            return
        becomes = target.turned(state, reason, address, at)
        if becomes.is_in_service and not target.is_in_service:
            self.conditions.claims += self._service_claims(becomes)
        elif target.is_in_service and not becomes.is_in_service:
            self.conditions.releases += self._service_claims(target)
        self.trigger_event(
            self.TargetStateChanged, target_id=target_id, state=state, reason=reason, address=address, at=at
        )

    def is_draining(self, instance_id: str, asked_at: datetime, now: datetime) -> bool:
        """Tell whether an instance that was asked to end should wait; never for ever, whatever the balancer does."""
        for target in self.targets.values():
            if target.spec.instance_id != instance_id or not target.is_in_service:
                continue
            begun, delay = asked_at, timedelta(0)
            if target.state == "draining" and target.since is not None:
                begun, delay = target.since, self.delay(target)
            if now < begun + delay + _PATIENCE:
                return True
        return False

    def delay(self, target: Target) -> timedelta:
        """Return for how long a target may drain."""
        return timedelta(seconds=self.group(target.spec.target_group).deregistration_delay_s)

    def group(self, name: str) -> TargetGroup:
        """Return a target group that is known to be there."""
        return next(group for group in self.target_groups if group.name == name)

    def target(self, target_id: str) -> Target:
        """Return a target that is wanted. Raises UnknownTarget."""
        found = self.targets.get(target_id)
        if found is None or found.is_leaving:
            raise UnknownTarget(
                f"cannot find the target {values.shown(target_id)} of {self.name}; show the balancer to see its targets"
            )
        return found

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC, its host ports, and the instances it watches and serves from."""
        if self.status == "deleted":
            return []
        watched = [self._watch_claim(each.spec) for each in self.targets.values() if each.spec.instance_id]
        serving = [
            claim
            for each in self.targets.values()
            if each.is_in_service
            for claim in self._service_claims(each)
        ]
        return [*super().held_claims(), self._vpc_claim(), *self._port_claims(), *watched, *serving]

    def held_secrets(self) -> list[UUID]:
        """Return where the private keys are."""
        if self.status == "deleted":
            return []
        return [UUID(certificate.key_id) for certificate in self.certificates.values()]

    def _vpc_claim(self) -> Claim:
        parsed = values.parse_id(self.vpc_id)
        assert parsed is not None  # noqa: S101 - written by create
        return Claim(vpc.use_scope(parsed[1]), self.public_id, self.id, self.name)

    def _port_claims(self) -> list[Claim]:
        note = f"{self.account_id}/load_balancer/{self.name}"
        return [Claim(PORT_SCOPE, str(listener.port), self.id, note) for listener in self.listeners]

    def _watch_claim(self, spec: TargetSpec) -> Claim:
        assert spec.instance_id is not None  # noqa: S101 - asked before
        return Claim(watch_scope(spec.instance_id), f"{self.KIND}/{self.public_id}/{spec.id}", self.id)

    def _service_claims(self, target: Target) -> list[Claim]:
        if target.spec.instance_id is None:
            return []
        return [
            Claim(
                service_scope(target.spec.instance_id),
                f"{self.public_id}/{target.spec.id}",
                self.id,
                self.name,
            )
        ]

    def _leave(self, target: Target, reason: str | None) -> None:
        if target.spec.instance_id is not None:
            self.conditions.releases.append(self._watch_claim(target.spec))
        if target.is_in_service:
            self.conditions.releases += self._service_claims(target)
        self.trigger_event(self.TargetReleased, target_id=target.spec.id, reason=reason)

    def _refuse_unknown_group(self, name: str) -> None:
        known = [group.name for group in self.target_groups]
        if name not in known:
            raise Invalid(
                f"cannot find the target group {values.shown(name)} of {self.name}: use one of {', '.join(known)}",
                field="target_group",
            )

    def _refuse_to_lose_targets(self, groups: Sequence[TargetGroup]) -> None:
        kept = {group.name for group in groups}
        used = {each.spec.target_group for each in self.targets.values()}
        used |= {selector.target_group for selector in self.selectors.values()}
        for name in sorted(used - kept):
            raise Invalid(
                f"cannot remove the target group {name}: it has targets or selectors; take them out first",
                field="target_groups",
            )

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - what a balancer is made of
        self,
        account_id: str,
        name: str,
        vpc_id: str,
        vpc_name: str,
        listeners: list[dict[str, Any]],
        target_groups: list[dict[str, Any]],
        timeouts: dict[str, float],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self.vpc_id = vpc_id
        self.vpc_name = vpc_name
        self.listeners = tuple(Listener.of(each) for each in listeners)
        self.target_groups = tuple(TargetGroup.of(each) for each in target_groups)
        self.timeouts = Timeouts(**timeouts)
        self.certificates: dict[str, Certificate] = {}
        self.targets: dict[str, Target] = {}
        self.selectors: dict[str, Selector] = {}

    @event(ListenersChanged)
    def _listeners_changed(self, listeners: list[dict[str, Any]]) -> None:
        self.listeners = tuple(Listener.of(each) for each in listeners)

    @event(TargetGroupsChanged)
    def _target_groups_changed(self, target_groups: list[dict[str, Any]]) -> None:
        self.target_groups = tuple(TargetGroup.of(each) for each in target_groups)

    @event(TimeoutsChanged)
    def _timeouts_changed(self, timeouts: dict[str, float]) -> None:
        self.timeouts = Timeouts(**timeouts)

    @event(CertificateUploaded)
    def _certificate_uploaded(
        self,
        name: str,
        pem: str,
        fingerprint: str,
        subject: str,
        names: list[str],
        not_after: datetime,
        key_id: str,
    ) -> None:
        kept = Certificate(name, pem, fingerprint, subject, names, not_after, key_id)
        self.certificates = {**self.certificates, name: kept}

    @event(CertificateRemoved)
    def _certificate_removed(self, name: str) -> None:
        self.certificates = {key: each for key, each in self.certificates.items() if key != name}

    @event(TargetRegistered)
    def _target_registered(  # noqa: PLR0913, PLR0917 - what a target is made of
        self,
        target_id: str,
        target_group: str,
        instance_id: str | None,
        instance_name: str | None,
        address: str | None,
        port: int,
        weight: int,
        selector: str | None,
    ) -> None:
        spec = TargetSpec(target_group, port, weight, instance_id, instance_name, address, selector)
        known = self.targets.get(target_id)
        self._keep(replace(known, spec=spec, is_leaving=False) if known else Target(spec))

    @event(TargetWeightChanged)
    def _target_weight_changed(self, target_id: str, weight: int) -> None:
        target = self.targets[target_id]
        self._keep(replace(target, spec=replace(target.spec, weight=weight)))

    @event(TargetDeregistered)
    def _target_deregistered(self, target_id: str) -> None:
        self._keep(replace(self.targets[target_id], is_leaving=True))

    @event(TargetStateChanged)
    def _target_state_changed(
        self, target_id: str, state: State, reason: str | None, address: str | None, at: datetime
    ) -> None:
        self._keep(self.targets[target_id].turned(state, reason, address, at))

    @event(TargetReleased)
    def _target_released(self, target_id: str, reason: str | None) -> None:  # noqa: ARG002 - for readers
        self.targets = {key: each for key, each in self.targets.items() if key != target_id}

    @event(SelectorAdded)
    def _selector_added(
        self, selector_id: str, target_group: str, tags: dict[str, str], port: int, weight: int
    ) -> None:
        self.selectors = {**self.selectors, selector_id: Selector(target_group, tags, port, weight)}

    @event(SelectorRemoved)
    def _selector_removed(self, selector_id: str) -> None:
        self.selectors = {key: each for key, each in self.selectors.items() if key != selector_id}

    def _keep(self, target: Target) -> None:
        self.targets = {**self.targets, target.spec.id: target}
