"""What other policies would have done with the load that was recorded. Pure.

The assumption: the load is what all instances used, or were sent, together; it does not depend on how many there are,
and it is spread evenly over those in service. An instance is never measured above 100 percent, so a load that was cut
off there is underestimated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.scaling_group.decision import decide
from domain.scaling_group.measure import GroupState, Reading
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Dynamic, TargetTracking
from domain.scaling_group.settings import Size

ASSUMPTION = (
    "the load is what all instances used, or were sent, together; it does not depend on how many there are, and is "
    "spread evenly over those in service; load that instances at 100 percent could not take is not known and not "
    "counted"
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What all instances together used in a period, and their number; no total without data."""

    at: datetime
    total: float | None
    instances: int


@dataclass(frozen=True, slots=True)
class Load:
    """The periods of one length, the oldest first, for one policy."""

    period_s: int
    periods: Sequence[Recorded]
    threshold: float
    """Above this average of an instance, the policy scales out."""

    def is_over(self, at: datetime, instances: int | None = None) -> bool:
        """Return whether the load was above the threshold, for a number of instances or for those that there were."""
        if not self.periods:
            return False
        index = (at - self.periods[0].at) // timedelta(seconds=self.period_s)
        if not 0 <= index < len(self.periods):
            return False
        total, there = self.periods[index].total, self.periods[index].instances
        serving = there if instances is None else instances
        return total is not None and (not serving or total / serving > self.threshold)


@dataclass(slots=True)
class Outcome:
    """The result of a run of policies."""

    instance_hours: float = 0
    over_target_s: float = 0
    most: int = 0
    actions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def finest(loads: Mapping[str, Load]) -> Load:
    """Return the load of the shortest periods, by which time is counted."""
    return min(loads.values(), key=lambda load: load.period_s)


def recorded(loads: Mapping[str, Load]) -> Outcome:
    """Return what really was."""
    found, base = Outcome(), finest(loads)
    for period in base.periods:
        found.instance_hours += period.instances * base.period_s / 3600
        found.most = max(found.most, period.instances)
        if any(load.is_over(period.at) for load in loads.values()):
            found.over_target_s += base.period_s
    return found


def threshold(policy: Dynamic) -> float:
    """Return above which average a policy wants more instances."""
    if isinstance(policy, TargetTracking):
        return policy.target
    growing = [step.lower or 0.0 for step in policy.steps if step.change > 0]
    return min(growing, default=METRICS[policy.metric].most)


def simulate(policies: Sequence[Dynamic], loads: Mapping[str, Load], size: Size, launch_s: float) -> Outcome:
    """Run policies over recorded load, one ``loads`` a policy, and return what it comes to.

    ``launch_s`` is how long an instance took from launch to service.
    """
    base = finest(loads)
    if not base.periods:
        return Outcome()
    run = _Run(base.periods[0].at, size, launch_s)
    found = Outcome()
    for period in base.periods:
        end = period.at + timedelta(seconds=base.period_s)
        readings = {policy.name: run.readings(policy, loads[policy.name], end) for policy in policies}
        run.follow(policies, readings, end, found)
        found.instance_hours += run.state.desired * base.period_s / 3600
        found.most = max(found.most, run.state.desired)
        serving = run.serving(period.at)
        if any(load.is_over(period.at, serving) for load in loads.values()):
            found.over_target_s += base.period_s
    return found


class _Run:
    """A group that does not exist."""

    def __init__(self, start: datetime, size: Size, launch_s: float) -> None:
        long_ago = start - timedelta(days=1)
        self.state = GroupState(
            size.desired, size.min, size.max, (long_ago,) * size.desired, None, None, start
        )
        self._launch = timedelta(seconds=launch_s)
        # How many were in service from when on, for readings of the past.
        self._entered: list[tuple[datetime, datetime | None]] = [(long_ago, None)] * size.desired

    def serving(self, at: datetime, warmup_s: float = 0) -> int:
        warm = timedelta(seconds=warmup_s)
        return sum(begun + warm <= at and (ended is None or ended > at) for begun, ended in self._entered)

    def readings(self, policy: Dynamic, load: Load, end: datetime) -> list[Reading]:
        pace = policy.pace
        first = end - timedelta(seconds=pace.period_s * pace.periods_in)
        return [
            self._reading(each, pace.warmup_s, METRICS[policy.metric].most)
            for each in load.periods
            if first <= each.at and each.at + timedelta(seconds=load.period_s) <= end
        ]

    def _reading(self, period: Recorded, warmup_s: int, most: float) -> Reading:
        warm, serving = self.serving(period.at, warmup_s), self.serving(period.at)
        if period.total is None or not warm:
            return Reading(period.at, warm, 0, None)
        return Reading(period.at, warm, warm, round(min(period.total / serving, most), 4))

    def follow(
        self,
        policies: Sequence[Dynamic],
        readings: Mapping[str, Sequence[Reading]],
        now: datetime,
        found: Outcome,
    ) -> None:
        before = self.state.desired
        alive = tuple(begun if begun <= now else None for begun, ended in self._entered if ended is None)
        state = replace(self.state, entered=alive, now=now)
        decision = decide(policies, readings, state)
        if decision.action == "out":
            self._entered += [(now + self._launch, None)] * (decision.desired - before)
            state = replace(state, desired=decision.desired, last_out_at=now)
        elif decision.action == "in":
            self._end(before - decision.desired, now)
            state = replace(state, desired=decision.desired, last_in_at=now)
        self.state = state
        if decision.action != "hold":
            sizes = {"at": now.isoformat(), "desired_before": before, "desired": decision.desired}
            found.actions.append({**sizes, "action": decision.action, "policy": decision.policy})

    def _end(self, count: int, now: datetime) -> None:
        for index, (begun, ended) in enumerate(self._entered):
            if count and ended is None:
                self._entered[index] = (begun, now)
                count -= 1
