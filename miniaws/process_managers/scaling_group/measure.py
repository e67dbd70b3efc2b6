"""What the instances of a group used or were sent, period by period, as policies want to read it.

A period is over a moment after its last second: what was done in that second is measured at its end.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.scaling_group import ScalingGroup
from domain.scaling_group.measure import Reading
from domain.scaling_group.policies import Dynamic
from domain.values import parse_id
from miniaws.application import Cloud
from miniaws.commands.scaling_group.measured import measured
from projections.metrics import Window

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
    figures = await measured(cloud, group, policy.metric, entered, span)
    return [_reading(at, entered, figures) for at in span.times]


def _reading(
    at: datetime, warm_from: Mapping[UUID, datetime], figures: Mapping[UUID, Mapping[datetime, float]]
) -> Reading:
    warm = [id_ for id_, since in warm_from.items() if since <= at]
    found = [figures[id_][at] for id_ in warm if id_ in figures and at in figures[id_]]
    # Rounded as an event holds it, so that the event leads to the same decision.
    average = round(sum(found) / len(found), 4) if found else None
    return Reading(at, len(warm), len(found), average)
