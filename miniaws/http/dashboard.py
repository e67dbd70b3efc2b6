"""What a dashboard shows, over HTTP."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from domain.stats import HOST
from miniaws.http.metrics import TimeRange, steps
from miniaws.http.reading import POSITION_HEADER, AsOf, Caller, CloudDep
from miniaws.http.writing import KnownQuery
from projections.activity import Filter
from projections.dashboard import Dashboard
from projections.document import resource_id
from projections.metrics import HOST_ID, METRICS, Point

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"], dependencies=[KnownQuery])

_POINTS = 120
"""What a small chart has room for."""


@router.get("/summary")
async def show_summary(request: Request, cloud: CloudDep, caller: Caller, at: AsOf) -> Response:
    """Sum up the account: what is wrong first, then what there is by kind and status."""
    dashboard: Dashboard = request.app.state.dashboard
    present = "as_of" not in request.query_params
    summary = await dashboard.summary(caller.account_id, at.at, present=present)
    recorded_at = await cloud.ports.inventory.recorded_at(at.at)
    return _json({**summary, "recorded_at": recorded_at}, at.at)


@router.get("/events")
async def show_events(
    cloud: CloudDep, caller: Caller, at: AsOf, limit: Annotated[int, Query(ge=1, le=1000)] = 50
) -> Response:
    """Show the newest events, the newest first, as the timeline does."""
    wanted = Filter(account=caller.account_id, before=at.at + 1, limit=limit)
    items = await cloud.ports.activity.timeline(wanted)
    return _json({"items": items, "position": at.at}, at.at)


@router.get("/stats")
async def show_stats(cloud: CloudDep, caller: Caller, at: AsOf, time_range: TimeRange) -> Response:
    """Show what the host and each resource used: a column per metric, null where nothing was measured."""
    span = steps(cloud, time_range, _POINTS)
    listed = await cloud.ports.metrics.measured(caller.account_id, at.at)
    points = await cloud.ports.metrics.points([HOST_ID, *(each["resource_id"] for each in listed)], span)
    times = span.times
    resources = [
        {
            "id": resource_id(each["kind"], each["resource_id"]),
            "kind": each["kind"],
            "name": each["name"],
            **_columns(points.get(each["resource_id"], {}), times),
        }
        for each in listed
    ]
    body = {
        "from": span.start,
        "to": span.end,
        "step": span.step_s,
        "units": METRICS,
        "times": [int(time.timestamp()) for time in times],
        HOST: _columns(points.get(HOST_ID, {}), times),
        "resources": resources,
        "position": at.at,
    }
    return _json(body, at.at)


def _columns(points: dict[datetime, Point], times: list[datetime]) -> dict[str, list[float | None]]:
    nothing: Point = {}
    return {name: [points.get(time, nothing).get(name) for time in times] for name in METRICS}


def _json(body: dict[str, Any], position: int) -> Response:
    return Response(
        orjson.dumps(body), headers={POSITION_HEADER: str(position)}, media_type="application/json"
    )
