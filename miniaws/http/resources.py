"""Every kind of resource at once."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import Invalid, NotFound
from domain.values import parse_id, shown
from miniaws.http.reading import (
    POSITION_HEADER,
    At,
    Caller,
    CloudDep,
    IfNoneMatch,
    Moment,
    Narrowed,
    one,
    page,
)
from miniaws.http.writing import KnownQuery
from projections.activity import why
from projections.changes import changes

router = APIRouter(prefix="/api/resources", tags=["resources"], dependencies=[KnownQuery])


@router.get("")
async def list_resources(
    cloud: CloudDep,
    caller: Caller,
    at: At,
    narrowed: Narrowed,
    kind: Annotated[str | None, Query(max_length=40, description="one kind, e.g. instance")] = None,
) -> Response:
    """List resources of every kind, now or as of any moment."""
    if kind is not None and kind not in Aggregate.kinds:
        raise Invalid(
            f"cannot list the kind {shown(kind)}: use one of {', '.join(Aggregate.kinds)}", field="kind"
        )
    return await page(cloud, kind, caller.account_id, at, narrowed)


@router.get("/{resource_id}")
async def show_resource(
    resource_id: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show any resource by id."""
    return await one(cloud, _kind(resource_id), caller.account_id, resource_id, at, if_none_match)


@router.get("/{resource_id}/history")
async def show_history(resource_id: str, cloud: CloudDep, caller: Caller, at: At) -> Response:
    """Show every version of a resource, oldest first, with what changed, by whom and why."""
    await one(cloud, _kind(resource_id), caller.account_id, resource_id, at)
    uuid = _uuid(resource_id)
    documents = [orjson.loads(version) for version in await cloud.ports.inventory.history(uuid, at.at)]
    events = await cloud.ports.activity.told(await cloud.ports.store.events(uuid, at.at))
    items = [
        {**document, "changes": changes(before, document) if before else [], "event": event}
        for before, document, event in zip([None, *documents], documents, events, strict=False)
    ]
    return _json({"items": items, "position": at.at}, at)


@router.get("/{resource_id}/why")
async def show_why(resource_id: str, cloud: CloudDep, caller: Caller, at: At) -> Response:
    """Tell why a resource is as it is: the chain of causes from now to a key, in words and as events."""
    await one(cloud, _kind(resource_id), caller.account_id, resource_id, at)
    chain = await cloud.ports.activity.chain(_uuid(resource_id), at.at)
    return _json({"why": why(chain), "chain": chain, "position": at.at}, at)


def _json(body: dict[str, Any], at: Moment) -> Response:
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")


def _uuid(resource_id: str) -> UUID:
    parsed = parse_id(resource_id)
    assert parsed is not None  # noqa: S101 - _kind has read it
    return parsed[1]


def _kind(resource_id: str) -> type[Aggregate]:
    parsed = parse_id(resource_id)
    kinds = {kind.PREFIX: kind for kind in Aggregate.kinds.values()}
    if parsed is None or parsed[0] not in kinds:
        raise NotFound(f"cannot find {shown(resource_id)}: use the id of a resource, e.g. i-…")
    return kinds[parsed[0]]
