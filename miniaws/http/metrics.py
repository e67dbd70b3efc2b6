"""Which stretch of time, in which steps: how every read of metrics is asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import Depends, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import Invalid
from domain.values import shown
from miniaws.application import Cloud
from miniaws.http.reading import POSITION_HEADER, At, CloudDep, Moment, one, resolve
from projections.metrics import METRICS, Window, table, window

_POINTS = 600
"""Points of a metric that are shown when nobody says in which steps."""
_LEFT_OUT = timedelta(hours=1)
_Instant = Annotated[str | None, Query(max_length=64, description="RFC 3339")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A stretch of time as it was asked for; ``step_s`` None leaves the steps to us."""

    start: datetime
    end: datetime
    step_s: int | None
    now: datetime


async def asked(
    cloud: CloudDep,
    at: At,
    from_: Annotated[
        str | None, Query(alias="from", max_length=64, description="RFC 3339; left out: an hour before `to`")
    ] = None,
    to: Annotated[str | None, Query(max_length=64, description="RFC 3339; left out: now, or `as_of`")] = None,
    step: Annotated[
        int | None, Query(ge=1, le=30 * 86400, description="seconds between points; left out: as fits")
    ] = None,
    as_of: _Instant = None,
) -> Asked:
    """Read ``from``, ``to`` and ``step``; nothing is shown after ``as_of``. Raises Invalid."""
    now = cloud.ports.clock.now()
    last = now
    if as_of is not None:
        last = (
            (await cloud.ports.inventory.recorded_at(at.at) or now)
            if as_of.isdigit()
            else instant(as_of, "as_of")
        )
    end = min(instant(to, "to"), last) if to is not None else last
    start = instant(from_, "from") if from_ is not None else end - _LEFT_OUT
    if start > now:
        raise Invalid("cannot show metrics of the future: let `from` be in the past", field="from")
    return Asked(start, end, step, now)


Stretch = Annotated[Asked, Depends(asked)]


def steps(cloud: CloudDep, stretch: Asked, want: int) -> Window:
    """Return the steps to show: as asked for, or else about as many as wanted. Raises Invalid."""
    return window(stretch.start, stretch.end, stretch.step_s, cloud.ports.metrics.kept, stretch.now, want)


async def used(
    cloud: Cloud, kind: type[Aggregate], account: str, id_or_name: str, at: Moment, stretch: Asked
) -> Response:
    """Answer with what one resource used, in steps. Raises NotFound, Invalid."""
    await one(cloud, kind, account, id_or_name, at)
    resource_id = await resolve(cloud, kind, account, id_or_name, at.at)
    span = steps(cloud, stretch, _POINTS)
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


def instant(text: str, field: str) -> datetime:
    """Return an instant. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(
            f"cannot read the time {shown(text)}: use an RFC 3339 instant with a time zone such as "
            "2026-11-23T10:02:11Z",
            field=field,
        )
    return found
