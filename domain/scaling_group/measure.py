"""What policies decide on: readings of a metric, and the state of the group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Self

Action = Literal["out", "in", "hold"]
Reason = Literal[
    "above target",
    "below target",
    "as wanted",
    "not for long enough",
    "nothing measured",
    "instances are starting or warming up",
    "cooling down",
    "at its maximum",
    "at its minimum",
    "not all policies agree",
    "scaling is suspended",
]


class Reading(NamedTuple):
    """The average of a metric over a period that began ``at``, over the expected instances that reported data."""

    at: datetime
    expected: int
    measured: int
    average: float | None

    def filled(self, missing: float) -> float | None:
        """Return the average with a value for each instance without data; None when there is no data at all."""
        if self.average is None or self.measured == 0 or self.expected == 0:
            return None
        absent = max(self.expected - self.measured, 0)
        return (self.average * self.measured + missing * absent) / (self.measured + absent)

    def as_json(self) -> list[Any]:
        """Return what events hold."""
        average = None if self.average is None else round(self.average, 4)
        return [self.at.isoformat(), self.expected, self.measured, average]

    @classmethod
    def from_json(cls, stored: Sequence[Any]) -> Self:
        """Return a reading as events hold it."""
        return cls(datetime.fromisoformat(stored[0]), *stored[1:])


@dataclass(frozen=True, slots=True)
class GroupState:
    """The state of a group at a moment."""

    desired: int
    min: int
    max: int
    entered: tuple[datetime | None, ...]
    """When each instance came into service; None for one that has not."""
    last_out_at: datetime | None
    last_in_at: datetime | None
    now: datetime
    is_suspended: bool = False

    def warm(self, warmup_s: int, at: datetime | None = None) -> int:
        """Return how many instances are in service and warmed up."""
        until = (at or self.now) - timedelta(seconds=warmup_s)
        return sum(entered is not None and entered <= until for entered in self.entered)

    def warming(self, warmup_s: int) -> int:
        """Return how many instances are desired and not yet warm."""
        return max(len(self.entered), self.desired) - self.warm(warmup_s)

    def is_cooling(self, cooldown_s: int) -> bool:
        """Return whether the group was scaled so recently that it is not scaled in."""
        scaled = [at for at in (self.last_out_at, self.last_in_at) if at is not None]
        return bool(scaled) and self.now < max(scaled) + timedelta(seconds=cooldown_s)

    def usable(self, readings: Sequence[Reading], warmup_s: int) -> list[Reading]:
        """Return the readings that include every warm instance and began after the group was last scaled in."""
        warm = self.warm(warmup_s)
        since = self.last_in_at
        return [r for r in readings if r.expected >= warm and (since is None or r.at >= since)]

    def within(self, desired: int) -> int:
        """Return a number of instances, limited to min and max."""
        return max(self.min, min(desired, self.max))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one policy proposes; ``value`` is the average that it is based on, None without data."""

    policy: str
    action: Action
    desired: int
    reason: Reason
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The action and its reason. ``policy`` is the one that decided, None when no single one did."""

    action: Action
    desired: int
    reason: Reason
    policy: str | None
    proposals: tuple[Proposal, ...]

    def evidence(self, readings: Mapping[str, Sequence[Reading]], state: GroupState) -> dict[str, Any]:
        """Return what it was based on, as an event holds it: per policy its proposal and its readings."""
        proposed = {
            each.policy: {
                "action": each.action,
                "desired": each.desired,
                "reason": each.reason,
                "value": None if each.value is None else round(each.value, 4),
                "readings": [reading.as_json() for reading in readings.get(each.policy, ())],
            }
            for each in self.proposals
        }
        in_service = sum(entered is not None for entered in state.entered)
        return {"policies": proposed, "instances": len(state.entered), "in_service": in_service}


def readings_of(evidence: Mapping[str, Any]) -> dict[str, list[Reading]]:
    """Return the readings of each policy that the event of a decision holds."""
    policies: Mapping[str, Any] = evidence["policies"]
    return {name: [Reading.from_json(each) for each in p["readings"]] for name, p in policies.items()}


def latest(readings: Sequence[Reading], count: int) -> float | None:
    """Return the newest average of some periods that has data."""
    found = [reading.filled(0) for reading in readings[-count:]]
    return next((value for value in reversed(found) if value is not None), None)


def newest(readings: Sequence[Reading], count: int, missing: float) -> list[float] | None:
    """Return the averages of the newest periods, the oldest first; None when any of them has no data."""
    found = [reading.filled(missing) for reading in readings[-count:]]
    values = [value for value in found if value is not None]
    return values if len(values) == len(found) == count else None
