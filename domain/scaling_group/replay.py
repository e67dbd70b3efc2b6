"""Repeats a decision: with the group as it was before it, and the readings that its event holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.scaling_group.aggregate import ScalingGroup
from domain.scaling_group.decision import decide
from domain.scaling_group.measure import readings_of


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision as it was recorded, and as it is made now."""

    at: datetime
    taken: dict[str, Any]
    again: dict[str, Any]

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return self.taken == self.again


def replay(before: ScalingGroup, event: ScalingGroup.Decided) -> Replayed:
    """Return the decision of an event, repeated with the group as it was before it."""
    state = before.state_at(event.decided_at)
    again = decide(before.dynamic, readings_of(event.evidence), state)
    taken = {
        "action": event.action,
        "desired_before": event.desired_before,
        "desired": event.desired,
        "reason": event.reason,
        "policy": event.policy_name,
    }
    made = {
        "action": again.action,
        "desired_before": state.desired,
        "desired": again.desired,
        "reason": again.reason,
        "policy": again.policy,
    }
    return Replayed(event.decided_at, taken, made)
