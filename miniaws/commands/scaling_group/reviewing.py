"""Looks at what a group decided: makes decisions again, and runs other policies over the recorded load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate

from domain.aggregate import Aggregate
from domain.errors import Invalid, within
from domain.scaling_group import ScalingGroup, simulation
from domain.scaling_group import policies as kinds
from domain.scaling_group.policies import Dynamic, Policy, Scheduled
from domain.scaling_group.replay import Replayed, replay
from domain.scaling_group.settings import Size
from domain.values import must, parse_id
from miniaws.application import Cloud
from miniaws.commands.scaling_group.bodies import Simulation
from miniaws.commands.scaling_group.measured import measured
from projections.metrics import FIRST, MOST_POINTS, Window, window

_LAUNCH_S = 5.0
"""How long a launch takes where none was recorded."""


@dataclass(frozen=True, slots=True)
class Between:
    """From when to when, both inclusive."""

    start: datetime
    end: datetime


async def replayed(cloud: Cloud, group_id: UUID, between: Between) -> list[Replayed]:
    """Return every decision that was taken between two moments, made again from the log."""
    found: list[Replayed] = []

    def visit(before: Aggregate | None, event: CanMutateAggregate[UUID]) -> None:
        if not isinstance(event, ScalingGroup.Decided) or not isinstance(before, ScalingGroup):
            return
        if between.start <= event.decided_at <= between.end:
            found.append(replay(before, event))

    await cloud.ports.store.walk(group_id, visit)
    return found


@dataclass(slots=True)
class _Recorded:
    """What the log says of a group's past."""

    members: set[UUID]
    launches_s: list[float]
    size: Size


async def simulated(cloud: Cloud, group: ScalingGroup, wanted: Simulation, asked: Between) -> dict[str, Any]:
    """Return what policies would have done with the recorded load, beside what was done. Raises Invalid."""
    policies = _dynamic({name: policy.model_dump(by_alias=True) for name, policy in wanted.policies.items()})
    between = Between(max(asked.start, group.created_on), asked.end)
    log = await _log(cloud, group.id, between)
    loads = {policy.name: await _load(cloud, group, log, policy, between) for policy in policies}
    for policy in policies:
        if all(period.total is None for period in loads[policy.name].periods):
            raise Invalid(
                f"cannot simulate {policy.name}: no {policy.metric} was measured in that time; choose another `from` "
                "and `to`",
                field="from",
            )
    launch_s = fmean(log.launches_s) if log.launches_s else _LAUNCH_S
    was = simulation.recorded(loads)
    would = simulation.simulate(policies, loads, log.size, launch_s)
    return {
        "from": between.start,
        "to": between.end,
        "assumption": simulation.ASSUMPTION,
        "over": {policy.name: loads[policy.name].threshold for policy in policies},
        "launch_s": round(launch_s, 2),
        "recorded": _as_json(was),
        "simulated": _as_json(would),
        "difference": {
            "instance_hours": round(would.instance_hours - was.instance_hours, 4),
            "over_target_s": would.over_target_s - was.over_target_s,
        },
        "actions": would.actions,
    }


def _dynamic(given: Mapping[str, Mapping[str, Any]]) -> list[Dynamic]:
    found: list[Policy] = []
    for name, policy in sorted(given.items()):
        with within("policies", name):
            found.append(kinds.policy(name, policy))
    dynamic = [policy for policy in found if not isinstance(policy, Scheduled)]
    if not dynamic or len(dynamic) < len(found):
        raise must(
            "policies",
            "have one or more that follow a metric, and no scheduled ones, which do not depend on load",
        )
    return dynamic


async def _log(cloud: Cloud, group_id: UUID, between: Between) -> _Recorded:
    found = _Recorded(set(), [], Size(0, 0, 0))
    launched: dict[str, datetime] = {}

    def visit(before: Aggregate | None, event: CanMutateAggregate[UUID]) -> None:
        if isinstance(before, ScalingGroup) and event.timestamp <= between.start:
            found.size = before.size
        if isinstance(event, ScalingGroup.InstanceLaunched):
            parsed = parse_id(event.instance_id)
            if parsed is not None:
                found.members.add(parsed[1])
            launched[event.instance_id] = event.launched_at
        elif isinstance(event, ScalingGroup.InstanceEntered):
            found.launches_s.append((event.entered_at - launched[event.instance_id]).total_seconds())
        elif isinstance(event, ScalingGroup.CreateRequested):
            found.size = Size(event.min, event.desired, event.max)

    await cloud.ports.store.walk(group_id, visit)
    return found


async def _load(
    cloud: Cloud, group: ScalingGroup, log: _Recorded, policy: Dynamic, between: Between
) -> simulation.Load:
    period_s = policy.pace.period_s
    span = window(
        between.start,
        between.end,
        period_s,
        cloud.ports.metrics.retention,
        cloud.ports.clock.now(),
        MOST_POINTS,
    )
    figures = await measured(cloud, group, policy.metric, log.members, span)
    periods = _periods(span, list(figures.values()))
    return simulation.Load(period_s, periods, simulation.threshold(policy))


def _periods(span: Window, figures: Sequence[Mapping[datetime, float]]) -> list[simulation.Recorded]:
    found: list[simulation.Recorded] = []
    for at in span.times:
        values = [each[at] for each in figures if at in each]
        found.append(simulation.Recorded(at, sum(values) if values else None, len(values)))
    return found


def _as_json(outcome: simulation.Outcome) -> dict[str, Any]:
    return {
        "instance_hours": round(outcome.instance_hours, 4),
        "over_target_s": outcome.over_target_s,
        "most_instances": outcome.most,
    }


def between(start: datetime | None, end: datetime | None, now: datetime) -> Between:
    """Return a time range; left out: the last hour. Raises Invalid."""
    last = max(min(end or now, now), FIRST)
    first = max(start or last - timedelta(hours=1), FIRST)
    if first >= last or first > now:
        raise must("from", "be before `to`, and in the past")
    return Between(first, last)
