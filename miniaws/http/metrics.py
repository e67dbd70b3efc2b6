"""The time range and the step of every read of metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import Depends, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.values import must
from miniaws.application import Cloud
from miniaws.http.reading import (
    POSITION_HEADER,
    AsOf,
    AsOfPosition,
    CloudDep,
    instant,
    is_position,
    one,
    resolve,
)
from projections.metrics import FIRST, METRICS, Window, table, window

_POINTS = 600
"""Points of a metric that are shown when no step was requested."""
_LEFT_OUT = timedelta(hours=1)
_Instant = Annotated[str | None, Query(max_length=64, description="RFC 3339")]


@dataclass(frozen=True, slots=True)
class RequestedRange:
    """A requested time range; ``step_s`` None: the server chooses."""

    start: datetime
    end: datetime
    step_s: int | None
    now: datetime


async def asked(
    cloud: CloudDep,
    at: AsOf,
    from_: Annotated[
        str | None, Query(alias="from", max_length=64, description="RFC 3339; left out: an hour before `to`")
    ] = None,
    to: Annotated[str | None, Query(max_length=64, description="RFC 3339; left out: now, or `as_of`")] = None,
    step: Annotated[
        int | None, Query(ge=1, le=30 * 86400, description="seconds between points; left out: as fits")
    ] = None,
    as_of: _Instant = None,
) -> RequestedRange:
    """Read ``from``, ``to`` and ``step``; nothing is shown after ``as_of``. Raises Invalid."""
    now = cloud.ports.clock.now()
    last = now
    if as_of is not None:
        last = (
            (await cloud.ports.inventory.recorded_at(at.at) or now)
            if is_position(as_of)
            else instant(as_of, "as_of")
        )
    end = max(min(instant(to, "to"), last) if to is not None else last, FIRST)
    start = max(instant(from_, "from") if from_ is not None else end - _LEFT_OUT, FIRST)
    if start > now:
        raise must("from", "be in the past", start.isoformat())
    return RequestedRange(start, end, step, now)


TimeRange = Annotated[RequestedRange, Depends(asked)]


def steps(cloud: CloudDep, time_range: RequestedRange, want: int) -> Window:
    """Return the steps to show: as asked for, or else about as many as wanted. Raises Invalid."""
    return window(
        time_range.start,
        time_range.end,
        time_range.step_s,
        cloud.ports.metrics.retention,
        time_range.now,
        want,
    )


async def used(
    cloud: Cloud,
    kind: type[Aggregate],
    account: str,
    id_or_name: str,
    at: AsOfPosition,
    time_range: RequestedRange,
) -> Response:
    """Answer with what one resource used, in steps. Raises NotFound, Invalid."""
    await one(cloud, kind, account, id_or_name, at)
    resource_id = await resolve(cloud, kind, account, id_or_name, at.at)
    span = steps(cloud, time_range, _POINTS)
    found = await cloud.ports.metrics.points([resource_id], span)
    body = {
        "from": span.start,
        "to": span.end,
        "step": span.step_s,
        "units": METRICS,
        "points": table(found.get(resource_id, {}), span),
        "position": at.at,
    }
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")
