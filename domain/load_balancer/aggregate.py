"""The rules of one load balancer.

Rules
-----
* It is in one VPC. Targets are instances of that VPC, or addresses in its range.
* It holds its name, its place and its address in the VPC, and its ports until it is deleted.
* The host port of a listener has one holder at a time, as the published port of an instance has.
* A certificate in use cannot be removed; a private key is sealed, and erased with its certificate.
* A target that is taken out, or whose instance is asked to end, drains: it leaves when nothing is in flight, or after
  the deregistration delay of its group.
* Registering a target again changes its weight at most; registering one that is leaving keeps it.
* A target that a selector added is taken out by its tags or with the selector.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Self
from uuid import UUID

from domain import host_port, values, vpc
from domain.aggregate import Claim
from domain.errors import Invalid, within
from domain.interface import WithInterface
from domain.load_balancer import events
from domain.load_balancer.certificate import Certificate
from domain.load_balancer.errors import CertificateInUse, TargetSelected, UnknownTarget
from domain.load_balancer.routes import Routes
from domain.load_balancer.spec import BalancerSpec, Listener, TargetGroup, Timeouts
from domain.load_balancer.target import (
    MAX_TARGETS,
    Selector,
    State,
    Target,
    TargetSpec,
    check_port_and_weight,
)
from domain.managed import Managed
from domain.watch import service_scope, watch_scope


class LoadBalancer(Managed, WithInterface):
    """One load balancer."""

    PREFIX = "lb"

    vpc_id: str
    vpc_name: str
    routes: Routes
    timeouts: Timeouts
    certificates: dict[str, Certificate]
    """By name."""
    targets: dict[str, Target]
    """By id, as those of selectors."""
    selectors: dict[str, Selector]

    Event = events.Event
    CreateRequested = events.CreateRequested
    ListenersChanged = events.ListenersChanged
    TargetGroupsChanged = events.TargetGroupsChanged
    TimeoutsChanged = events.TimeoutsChanged
    CertificateUploaded = events.CertificateUploaded
    CertificateRemoved = events.CertificateRemoved
    TargetRegistered = events.TargetRegistered
    TargetWeightChanged = events.TargetWeightChanged
    TargetDeregistered = events.TargetDeregistered
    TargetStateChanged = events.TargetStateChanged
    TargetReleased = events.TargetReleased
    SelectorAdded = events.SelectorAdded
    SelectorRemoved = events.SelectorRemoved

    @classmethod
    def create(cls, spec: BalancerSpec) -> Self:
        """Request a load balancer. Raises Invalid."""
        values.name(spec.name)
        with within("timeouts"):
            spec.timeouts.check()
        routes = Routes(tuple(spec.listeners), tuple(spec.target_groups))
        routes.check(spec.certificates)
        balancer = cls._create(
            cls.CreateRequested,
            account_id=spec.account_id,
            name=spec.name,
            vpc_id=spec.vpc_public_id,
            vpc_name=spec.vpc_name,
            listeners=routes.listeners_as_json(),
            target_groups=routes.groups_as_json(),
            timeouts=asdict(spec.timeouts),
            tags=values.tags(spec.tags),
        )
        balancer.conditions.claims += balancer.held_claims()
        balancer.conditions.requires.append(vpc.alive_claim(spec.vpc_public_id))
        return balancer

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Where it listens."""
        return self.routes.listeners

    @property
    def target_groups(self) -> tuple[TargetGroup, ...]:
        """Where it sends requests."""
        return self.routes.target_groups

    def change_routes(
        self, listeners: Sequence[Listener] | None, groups: Sequence[TargetGroup] | None
    ) -> None:
        """Replace listeners, target groups or both. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        changed = Routes(
            self.listeners if listeners is None else tuple(listeners),
            self.target_groups if groups is None else tuple(groups),
        )
        changed.check(self.certificates)
        changed.check_in_use(
            [each.spec.target_group for each in self.targets.values()]
            + [each.target_group for each in self.selectors.values()]
        )
        before, published = self._port_claims(), self.interface_claims()
        if changed.target_groups != self.target_groups:
            self.trigger_event(self.TargetGroupsChanged, target_groups=changed.groups_as_json())
        if changed.listeners != self.listeners:
            self.trigger_event(self.ListenersChanged, listeners=changed.listeners_as_json())
        after = self._port_claims()
        self.conditions.claims += [claim for claim in after if claim not in before]
        self.conditions.releases += [claim for claim in before if claim not in after]
        self.exchange_claims(published)

    def change_timeouts(self, timeouts: Timeouts) -> None:
        """Replace the time limits. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        with within("timeouts"):
            timeouts.check()
        if timeouts != self.timeouts:
            self.trigger_event(self.TimeoutsChanged, timeouts=asdict(timeouts))

    def upload_certificate(self, certificate: Certificate, key_id: UUID) -> None:
        """Add a certificate, or replace the one of that name. Raises BeingDeleted."""
        self.refuse_if_deleting()
        before = self.certificates.get(certificate.name)
        if before is not None:
            self.conditions.erases.append(UUID(before.key_id))
        self.trigger_event(self.CertificateUploaded, **asdict(replace(certificate, key_id=str(key_id))))

    def remove_certificate(self, name: str) -> None:
        """Remove a certificate and erase its key. Raises BeingDeleted, Invalid, CertificateInUse."""
        self.refuse_if_deleting()
        if name not in self.certificates:
            raise Invalid(
                f"cannot remove the certificate {values.shown(name)}: it does not exist", field="name"
            )
        if ports := self.routes.ports_that_use(name):
            raise CertificateInUse(
                f"cannot remove the certificate {name}: the listener on port {', '.join(map(str, ports))} uses it; "
                "change that first"
            )
        self.conditions.erases.append(UUID(self.certificates[name].key_id))
        self.trigger_event(self.CertificateRemoved, name=name)

    def register(self, spec: TargetSpec, range_: IPv4Network) -> None:
        """Send requests to a target, or change its weight. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        spec.check(range_)
        self.routes.check_group(spec.target_group, self.name)
        known = self.targets.get(spec.id)
        if known is not None and not known.is_leaving:
            self.change_weight(spec.id, spec.weight)
            return
        if len(self.targets) >= MAX_TARGETS:
            raise Invalid(f"cannot have more than {MAX_TARGETS} targets; use another balancer")
        if known is None:
            self.conditions.claims += self._watch_claims(spec)
        self.trigger_event(self.TargetRegistered, target_id=spec.id, **asdict(spec))

    def change_weight(self, target_id: str, weight: int) -> None:
        """Change the share of the requests that a target gets. Raises BeingDeleted, UnknownTarget, Invalid."""
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
            self._remove(target, target.reason)

    def select(self, selector: Selector) -> None:
        """Make targets of the instances with some tags. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        selector.check()
        self.routes.check_group(selector.target_group, self.name)
        if self.selectors.get(selector.id) != selector:
            self.trigger_event(self.SelectorAdded, selector_id=selector.id, **selector.payload())

    def unselect(self, selector_id: str) -> None:
        """Remove a selector; its targets drain. Raises UnknownTarget."""
        if selector_id not in self.selectors:
            raise UnknownTarget(f"cannot find the selector {values.shown(selector_id)} of {self.name}")
        self.trigger_event(self.SelectorRemoved, selector_id=selector_id)
        for target in [each for each in self.targets.values() if each.spec.selector == selector_id]:
            self.release(target.spec.id)

    def report_target(
        self, target_id: str, state: State, reason: str | None, address: str | None, at: datetime
    ) -> None:
        """Record the state of a target; once per state, reason and address."""
        target = self.targets.get(target_id)
        if target is None or (target.state, target.reason, target.address) == (state, reason, address):
            return
        if target.is_leaving and state == "unused":
            self._remove(target, reason)
            return
        changed = target.turned(state, reason, address, at)
        if changed.is_in_service and not target.is_in_service:
            self.conditions.claims += self._service_claims(changed)
        elif target.is_in_service and not changed.is_in_service:
            self.conditions.releases += self._service_claims(target)
        self.trigger_event(
            self.TargetStateChanged, target_id=target_id, state=state, reason=reason, address=address, at=at
        )

    def is_draining(self, instance_id: str, asked_at: datetime, now: datetime) -> bool:
        """Return whether an instance that was asked to end should wait, for a limited time."""
        return any(
            now < target.may_drain_until(asked_at, self.delay(target))
            for target in self.targets.values()
            if target.spec.instance_id == instance_id and target.is_in_service
        )

    def delay(self, target: Target) -> timedelta:
        """Return for how long a target may drain."""
        return timedelta(seconds=self.routes.group(target.spec.target_group).deregistration_delay_s)

    def target(self, target_id: str) -> Target:
        """Return a target that was not taken out. Raises UnknownTarget."""
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
        targets = self.targets.values()
        watched = [claim for each in targets for claim in self._watch_claims(each.spec)]
        serving = [claim for each in targets if each.is_in_service for claim in self._service_claims(each)]
        place = [vpc.use_claim(self.vpc_id, self), *self.interface_claims()]
        return [*super().held_claims(), *place, *self._port_claims(), *watched, *serving]

    @property
    def publishes(self) -> bool:
        """Whether it listens on a port of the host."""
        return bool(self.listeners)

    def refuse_change(self) -> None:
        """Raise BeingDeleted."""
        self.refuse_if_deleting()

    def held_secrets(self) -> list[UUID]:
        """Return where the private keys are."""
        if self.status == "deleted":
            return []
        return [UUID(certificate.key_id) for certificate in self.certificates.values()]

    def _port_claims(self) -> list[Claim]:
        return [host_port.claim(listener.port, self) for listener in self.listeners]

    def _watch_claims(self, spec: TargetSpec) -> list[Claim]:
        """Return the claim by which an instance wakes the balancer; an address wakes nobody."""
        if spec.instance_id is None:
            return []
        key = f"{self.KIND}/{self.public_id}/{spec.id}"
        return [Claim(watch_scope(spec.instance_id), key, self.id)]

    def _service_claims(self, target: Target) -> list[Claim]:
        """Return the claim that keeps an instance from ending while requests may be under way to it."""
        if target.spec.instance_id is None:
            return []
        key = f"{self.public_id}/{target.spec.id}"
        return [Claim(service_scope(target.spec.instance_id), key, self.id, self.name)]

    def _remove(self, target: Target, reason: str | None) -> None:
        self.conditions.releases += self._watch_claims(target.spec)
        if target.is_in_service:
            self.conditions.releases += self._service_claims(target)
        self.trigger_event(self.TargetReleased, target_id=target.spec.id, reason=reason)
