"""To whom a load balancer sends requests, and how those come and go.

Rules
-----
* A target that is taken out, or whose instance is asked to end, drains: it leaves when nothing is in flight, or after
  the deregistration delay of its group.
* Registering what is registered changes its weight at most; registering what is leaving keeps it.
* A target that a selector brought is taken out by its tags or with the selector.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.instance.traffic import service_scope, watch_scope
from domain.load_balancer.errors import TargetSelected, UnknownTarget
from domain.load_balancer.routes import Routed
from domain.load_balancer.spec import TargetGroup
from domain.load_balancer.target import Selector, State, Target, TargetSpec, check_port_and_weight

MAX_TARGETS = 500
_PATIENCE = timedelta(seconds=30)
"""How long an instance waits for its balancer to begin draining, or to say that it has ended."""


class Targeted(Routed, is_abstract=True):
    """What has targets, and watches the instances behind them."""

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

    def register(self, spec: TargetSpec, range_: IPv4Network) -> None:
        """Send requests to a target, or change its weight. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        spec.check(range_)
        self.refuse_unknown_group(spec.target_group)
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
        self.refuse_unknown_group(selector.target_group)
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

    def target(self, target_id: str) -> Target:
        """Return a target that is wanted. Raises UnknownTarget."""
        found = self.targets.get(target_id)
        if found is None or found.is_leaving:
            raise UnknownTarget(
                f"cannot find the target {values.shown(target_id)} of {self.name}; show the balancer to see its targets"
            )
        return found

    def target_claims(self) -> list[Claim]:
        """Return the instances it watches, and those it serves from."""
        watched = [self._watch_claim(each.spec) for each in self.targets.values() if each.spec.instance_id]
        serving = [
            claim
            for each in self.targets.values()
            if each.is_in_service
            for claim in self._service_claims(each)
        ]
        return [*watched, *serving]

    def refuse_to_lose_groups(self, groups: Sequence[TargetGroup]) -> None:
        """Raise Invalid for a group that targets are in."""
        kept = {group.name for group in groups}
        used = {each.spec.target_group for each in self.targets.values()}
        used |= {selector.target_group for selector in self.selectors.values()}
        for name in sorted(used - kept):
            raise Invalid(
                f"cannot remove the target group {name}: it has targets or selectors; take them out first",
                field="target_groups",
            )

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

    def _begin_targets(self) -> None:
        self.targets: dict[str, Target] = {}
        self.selectors: dict[str, Selector] = {}

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
