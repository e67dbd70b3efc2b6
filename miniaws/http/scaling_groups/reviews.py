"""What scaling groups decided, whether it is decided again so, and what other policies would have done."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from domain.scaling_group import ScalingGroup
from miniaws.application import Cloud
from miniaws.commands import scaling_group as commands
from miniaws.http.answers.scaling import Decision
from miniaws.http.filters import Between as Positions
from miniaws.http.reading import (
    POSITION_HEADER,
    AsOf,
    Caller,
    CloudDep,
    instant,
    is_position,
    one,
    position_at,
    resolve,
)
from miniaws.http.writing import KnownQuery
from projections.activity import CloudEvent, Filter

router = APIRouter(prefix="/api/scaling-groups", tags=["scaling groups"], dependencies=[KnownQuery])
_TYPES = ("scaling_group.decided", "scaling_group.schedule_applied")


async def between(
    cloud: CloudDep,
    from_: Annotated[
        str | None,
        Query(
            alias="from", max_length=64, description="RFC 3339 or a position; left out: an hour before `to`"
        ),
    ] = None,
    to: Annotated[
        str | None, Query(max_length=64, description="RFC 3339 or a position; left out: now")
    ] = None,
) -> commands.Between:
    """Read ``from`` and ``to``. Raises Invalid."""
    start = await _moment(cloud, from_, "from")
    return commands.between(start, await _moment(cloud, to, "to"), cloud.ports.clock.now())


async def _moment(cloud: Cloud, text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    if is_position(text):
        return await cloud.ports.inventory.recorded_at(await position_at(cloud, text, field))
    return instant(text, field, or_position=True)


TimeRange = Annotated[commands.Between, Depends(between)]


@router.get("/{id_or_name}/decisions")
async def list_scaling_decisions(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    at: AsOf,
    span: Positions,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most this many, the newest first")] = 100,
) -> Response:
    """List what was decided, and on which numbers, newest first; also why nothing was done when the reason changed."""
    await one(cloud, ScalingGroup, caller.account_id, id_or_name, at)
    resource_id = await resolve(cloud, ScalingGroup, caller.account_id, id_or_name, at.at)
    found: list[CloudEvent] = []
    for type_ in _TYPES:
        wanted = Filter(
            caller.account_id, span.after, span.to + 1, resource=resource_id, type=type_, limit=limit
        )
        found += await cloud.ports.activity.timeline(wanted)
    found.sort(key=lambda event: -event["position"])
    body = {"items": [_decision(event) for event in found[:limit]], "position": at.at}
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")


@router.get("/{id_or_name}/replay")
async def replay_scaling_decisions(
    id_or_name: str, cloud: CloudDep, caller: Caller, time_range: TimeRange
) -> dict[str, Any]:
    """Make every decision again, from the log alone, and tell whether it comes to the same."""
    group = await cloud.load(ScalingGroup, caller.account_id, id_or_name)
    found = await commands.replayed(cloud, group.id, time_range)
    return {
        "from": time_range.start,
        "to": time_range.end,
        "decisions": len(found),
        "agrees": all(each.agrees for each in found),
        "items": [
            {"at": each.at, "agrees": each.agrees, "taken": each.taken, "again": each.again} for each in found
        ],
    }


@router.post("/{id_or_name}/simulate")
async def simulate_scaling_policies(
    id_or_name: str, body: commands.Simulation, cloud: CloudDep, caller: Caller, time_range: TimeRange
) -> dict[str, Any]:
    """Run other policies over the recorded load and tell what would have differed. Changes nothing."""
    group = await cloud.load(ScalingGroup, caller.account_id, id_or_name)
    return await commands.simulated(cloud, group, body, time_range)


def _decision(event: CloudEvent) -> Decision:
    told = event["data"]
    if event["type"] == "scaling_group.schedule_applied":
        return {
            "position": event["position"],
            "at": event["time"],
            "action": "schedule",
            "desired": told["desired"],
            "reason": f"it was {told['due_at']}",
            "policy": told["policy_name"],
            "sizes": {"min": told["min"], "desired": told["desired"], "max": told["max"]},
        }
    return {
        "position": event["position"],
        "at": told["decided_at"],
        "action": told["action"],
        "desired_before": told["desired_before"],
        "desired": told["desired"],
        "reason": told["reason"],
        "policy": told["policy_name"],
        "evidence": told["evidence"],
    }
