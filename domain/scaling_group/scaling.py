"""How a group is sized: by people, by policies and by schedules. What was decided is part of its state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import Invalid, NotFound
from domain.scaling_group import policies as kinds
from domain.scaling_group.attachment import Attachment
from domain.scaling_group.decision import decide
from domain.scaling_group.measure import Decision, Reading, Standing
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Dynamic, Policy, Scheduled
from domain.scaling_group.roster import Roster
from domain.scaling_group.schedule import newest_due
from domain.scaling_group.settings import Size, processes
from domain.values import shown


class Scaling(Roster, is_abstract=True):
    """Sizes a group."""

    attachments: list[Attachment]

    class SizeChanged(Aggregate.Event):
        """Somebody set how many instances there are."""

        min: int
        desired: int
        max: int

    class PolicyChanged(Aggregate.Event):
        """A policy is new, or another one under its name."""

        policy_name: str
        policy: dict[str, Any]
        changed_at: datetime

    class PolicyRemoved(Aggregate.Event):
        """A policy is no more."""

        policy_name: str

    class Decided(Aggregate.Event):
        """Policies were asked, and the group grows, shrinks or, for another reason than before, stays.

        ``evidence`` holds what it was decided on: per policy the readings and what it proposed.
        """

        action: str
        desired_before: int
        desired: int
        reason: str
        policy_name: str | None
        evidence: dict[str, Any]
        decided_at: datetime

    class ScheduleApplied(Aggregate.Event):
        """It was the time of a scheduled action."""

        policy_name: str
        due_at: datetime
        min: int
        desired: int
        max: int

    class Suspended(Aggregate.Event):
        """So much of what the group does by itself rests."""

        processes: list[str]

    class Resumed(Aggregate.Event):
        """So much of what the group does by itself goes on."""

        processes: list[str]

    def resize(self, size: Size) -> None:
        """Set how many instances there are. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        size.check()
        if size != self.size:
            self.trigger_event(self.SizeChanged, min=size.min, desired=size.desired, max=size.max)

    def put_policy(self, name: str, given: Mapping[str, Any], now: datetime) -> None:
        """Have this policy. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        policy = kinds.policy(name, given)
        if name not in self.policies and len(self.policies) >= kinds.MAX_POLICIES:
            raise Invalid(
                f"cannot have more than {kinds.MAX_POLICIES} policies: remove one first", field="name"
            )
        if isinstance(policy, Scheduled):
            self._sizes_of(policy).check()
        elif METRICS[policy.metric].needs_load_balancer and not self.attachments:
            raise Invalid(
                f"cannot follow {policy.metric}: no load balancer sends any to {self.name}; put one before it first",
                field="metric",
            )
        if self.policies.get(name) != policy:
            self.trigger_event(self.PolicyChanged, policy_name=name, policy=policy.as_json(), changed_at=now)

    def refuse_to_lose_figures(self, attachments: Sequence[Attachment]) -> None:
        """Raise Invalid when a policy follows what would not be measured any more."""
        for policy in () if attachments else self.dynamic:
            if METRICS[policy.metric].needs_load_balancer:
                raise Invalid(
                    f"cannot be without a load balancer: the policy {policy.name} follows {policy.metric}; remove it "
                    "first",
                    field="load_balancers",
                )

    def remove_policy(self, name: str) -> None:
        """Have no such policy. Raises NotFound, BeingDeleted."""
        self.refuse_if_deleting()
        if name not in self.policies:
            raise NotFound(f"cannot find the policy {shown(name)} of {self.name}: show the group to see them")
        self.trigger_event(self.PolicyRemoved, policy_name=name)

    def suspend(self, named: list[str]) -> None:
        """Let processes rest, all of them when none is named. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if new := [each for each in processes(named) if each not in self.suspended]:
            self.trigger_event(self.Suspended, processes=new)

    def resume(self, named: list[str]) -> None:
        """Let processes go on, all of them when none is named. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if old := [each for each in processes(named) if each in self.suspended]:
            self.trigger_event(self.Resumed, processes=old)

    def is_suspended(self, process: str) -> bool:
        """Tell whether a process rests."""
        return process in self.suspended

    @property
    def dynamic(self) -> list[Dynamic]:
        """The policies that follow a metric, by name."""
        return [p for _, p in sorted(self.policies.items()) if not isinstance(p, Scheduled)]

    def standing(self, now: datetime) -> Standing:
        """Return what policies decide on, besides readings."""
        staying = [member for member in self.members.values() if not member.is_leaving]
        entered = tuple(None if member.unhealthy else member.entered_at for member in staying)
        return Standing(
            self.size.desired,
            self.size.min,
            self.size.max,
            entered,
            self.last_out_at,
            self.last_in_at,
            now,
            self.is_suspended("scaling"),
        )

    def scale(self, readings: Mapping[str, Sequence[Reading]], now: datetime) -> Decision | None:
        """Decide by the policies, and note it when something is done, or nothing for another reason than before."""
        if not self.dynamic or self.is_deleting:
            return None
        decision = decide(self.dynamic, readings, self.standing(now))
        if decision.action != "hold" or decision.reason != self.last_reason:
            self.trigger_event(
                self.Decided,
                action=decision.action,
                desired_before=self.size.desired,
                desired=decision.desired,
                reason=decision.reason,
                policy_name=decision.policy,
                evidence=evidence(decision, readings, self.standing(now)),
                decided_at=now,
            )
        return decision

    def apply_schedules(self, now: datetime) -> None:
        """Set the sizes of scheduled actions whose time has come."""
        if self.is_deleting or self.is_suspended("schedules"):
            return
        for name, policy in sorted(self.policies.items()):
            if isinstance(policy, Scheduled) and (due := newest_due(policy, self.scheduled_since[name], now)):
                size = self._sizes_of(policy)
                self.trigger_event(
                    self.ScheduleApplied,
                    policy_name=name,
                    due_at=due,
                    min=size.min,
                    desired=size.desired,
                    max=size.max,
                )

    def _sizes_of(self, action: Scheduled) -> Size:
        """Return the sizes an action sets; what it leaves out gives way to what it says."""
        least = self.size.min if action.min is None else action.min
        most = self.size.max if action.max is None else action.max
        wanted = self.size.desired if action.desired is None else action.desired
        if action.min is None:
            least = min(least, most, wanted if action.desired is not None else least)
        if action.max is None:
            most = max(most, least, wanted if action.desired is not None else most)
        return Size(least, max(least, min(wanted, most)), most)

    def _begin_scaling(self, size: Size) -> None:
        self.size = size
        self.policies: dict[str, Policy] = {}
        self.scheduled_since: dict[str, datetime] = {}
        """From when on the times of scheduled actions count; what was applied is past."""
        self.suspended: list[str] = []
        self.last_out_at: datetime | None = None
        self.last_in_at: datetime | None = None
        self.last_reason: str | None = None

    @event(SizeChanged)
    def _size_changed(self, min: int, desired: int, max: int) -> None:  # noqa: A002
        self.size = Size(min, desired, max)

    @event(PolicyChanged)
    def _policy_changed(self, policy_name: str, policy: dict[str, Any], changed_at: datetime) -> None:
        self.policies = {**self.policies, policy_name: kinds.policy(policy_name, policy)}
        self.scheduled_since = {**self.scheduled_since, policy_name: changed_at}
        self.last_reason = None

    @event(PolicyRemoved)
    def _policy_removed(self, policy_name: str) -> None:
        self.policies = {name: policy for name, policy in self.policies.items() if name != policy_name}
        self.last_reason = None

    @event(Decided)
    def _decided(
        self,
        action: str,
        desired_before: int,  # noqa: ARG002 - for readers
        desired: int,
        reason: str,
        policy_name: str | None,  # noqa: ARG002
        evidence: dict[str, Any],  # noqa: ARG002
        decided_at: datetime,
    ) -> None:
        self.size = Size(self.size.min, desired, self.size.max)
        self.last_reason = reason
        if action == "out":
            self.last_out_at = decided_at
        elif action == "in":
            self.last_in_at = decided_at

    @event(ScheduleApplied)
    def _schedule_applied(self, policy_name: str, due_at: datetime, min: int, desired: int, max: int) -> None:  # noqa: A002
        self.size = Size(min, desired, max)
        self.scheduled_since = {**self.scheduled_since, policy_name: due_at}

    @event(Suspended)
    def _suspended(self, processes: list[str]) -> None:
        self.suspended = sorted({*self.suspended, *processes})

    @event(Resumed)
    def _resumed(self, processes: list[str]) -> None:
        self.suspended = [each for each in self.suspended if each not in processes]


def evidence(
    decision: Decision, readings: Mapping[str, Sequence[Reading]], standing: Standing
) -> dict[str, Any]:
    """Return what a decision was taken on, as an event holds it."""
    proposed = {
        each.policy: {
            "action": each.action,
            "desired": each.desired,
            "reason": each.reason,
            "value": None if each.value is None else round(each.value, 4),
            "readings": [reading.as_json() for reading in readings.get(each.policy, ())],
        }
        for each in decision.proposals
    }
    in_service = sum(entered is not None for entered in standing.entered)
    return {"policies": proposed, "instances": len(standing.entered), "in_service": in_service}


def readings_of(told: Mapping[str, Any]) -> dict[str, list[Reading]]:
    """Return the readings of a decision as its event holds them."""
    policies: Mapping[str, Any] = told["policies"]
    return {name: [Reading.from_json(each) for each in p["readings"]] for name, p in policies.items()}
