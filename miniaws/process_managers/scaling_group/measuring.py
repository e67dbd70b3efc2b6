"""What the instances of a group used, period by period, as policies want to read it.

A period is over a moment after its last second: what was used in that second is measured at its end.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.scaling_group import ScalingGroup
from domain.scaling_group.measure import Reading
from domain.scaling_group.policies import Dynamic
from domain.values import parse_id
from miniaws.application import Cloud
from projections.metrics import METRIC_OF_POLICY, Window

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
_LAG = timedelta(seconds=1.5)


def newest_end(period_s: int, now: datetime) -> datetime:
    """Return when the newest period ended that is measured in whole."""
    period = timedelta(seconds=period_s)
    return _ORIGIN + (now - _LAG - _ORIGIN) // period * period


def next_end(period_s: int, now: datetime) -> datetime:
    """Return when the next period will be measured in whole."""
    return newest_end(period_s, now) + timedelta(seconds=period_s) + _LAG


def ends(group: ScalingGroup, now: datetime) -> tuple[datetime, ...]:
    """Return what was measured newest, for each policy."""
    return tuple(newest_end(policy.pace.period_s, now) for policy in group.dynamic)


async def readings(cloud: Cloud, group: ScalingGroup, now: datetime) -> dict[str, list[Reading]]:
    """Return the readings that each policy decides on, the oldest first."""
    return {policy.name: await _readings(cloud, group, policy, now) for policy in group.dynamic}


async def _readings(cloud: Cloud, group: ScalingGroup, policy: Dynamic, now: datetime) -> list[Reading]:
    pace = policy.pace
    end = newest_end(pace.period_s, now)
    span = Window(end - timedelta(seconds=pace.period_s * pace.periods_in), end, pace.period_s, "second")
    entered: dict[UUID, datetime] = {}
    for member in group.members.values():
        parsed = parse_id(member.instance_id)
        if parsed is not None and member.entered_at is not None and member.serves:
            entered[parsed[1]] = member.entered_at + timedelta(seconds=pace.warmup_s)
    points = await cloud.ports.metrics.points(entered, span)
    return [_reading(at, entered, points, METRIC_OF_POLICY[policy.metric]) for at in span.times]


def _reading(
    at: datetime,
    warm_from: Mapping[UUID, datetime],
    points: Mapping[UUID, Mapping[datetime, Mapping[str, Any]]],
    column: str,
) -> Reading:
    warm = [id_ for id_, since in warm_from.items() if since <= at]
    values = [points[id_][at][column] for id_ in warm if id_ in points and at in points[id_]]
    found = [value for value in values if value is not None]
    # Rounded as an event holds it, so that the event leads to the same decision.
    average = round(sum(found) / len(found), 4) if found else None
    return Reading(at, len(warm), len(found), average)
