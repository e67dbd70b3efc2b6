"""What scaling groups decided, whether it is decided again so, and what other policies would have done."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from domain.scaling_group import ScalingGroup
from miniaws.application import Cloud
from miniaws.commands import scaling_group as commands
from miniaws.http.metrics import instant
from miniaws.http.narrowing import Between as Positions
from miniaws.http.reading import POSITION_HEADER, At, Caller, CloudDep, one, resolve
from miniaws.http.scaling_groups.bodies import Simulation
from miniaws.http.writing import KnownQuery
from projections.activity import Filter

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
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return await cloud.ports.inventory.recorded_at(int(text))
    return instant(text, field)


Stretch = Annotated[commands.Between, Depends(between)]


@router.get("/{id_or_name}/decisions")
async def list_scaling_decisions(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    at: At,
    span: Positions,
    limit: Annotated[int, Query(ge=1, le=1000, description="the newest so many")] = 100,
) -> Response:
    """List what was decided, and on which numbers, newest first; also why nothing was done when the reason changed."""
    await one(cloud, ScalingGroup, caller.account_id, id_or_name, at)
    resource_id = await resolve(cloud, ScalingGroup, caller.account_id, id_or_name, at.at)
    found: list[dict[str, Any]] = []
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
    id_or_name: str, cloud: CloudDep, caller: Caller, stretch: Stretch
) -> dict[str, Any]:
    """Make every decision again, from the log alone, and tell whether it comes to the same."""
    group = await cloud.load(ScalingGroup, caller.account_id, id_or_name)
    found = await commands.replayed(cloud, group.id, stretch)
    return {
        "from": stretch.start,
        "to": stretch.end,
        "decisions": len(found),
        "agrees": all(each.agrees for each in found),
        "items": [
            {"at": each.at, "agrees": each.agrees, "taken": each.taken, "again": each.again} for each in found
        ],
    }


@router.post("/{id_or_name}/simulate")
async def simulate_scaling_policies(
    id_or_name: str, body: Simulation, cloud: CloudDep, caller: Caller, stretch: Stretch
) -> dict[str, Any]:
    """Run other policies over the recorded load and tell what would have differed. Changes nothing."""
    group = await cloud.load(ScalingGroup, caller.account_id, id_or_name)
    given = {name: policy.model_dump(by_alias=True) for name, policy in body.policies.items()}
    return await commands.simulated(cloud, group, given, stretch)


def _decision(event: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = event["data"]
    if event["type"] == "scaling_group.schedule_applied":
        return {
            "position": event["position"],
            "at": event["time"],
            "action": "schedule",
            "desired": told["desired"],
            "reason": f"it was {told['due_at']}",
            "policy": told["policy_name"],
            "sizes": {name: told[name] for name in ("min", "desired", "max")},
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
