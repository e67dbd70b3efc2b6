"""Every kind of resource at once."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.values import public_id
from miniaws.http.filters import check_kind, resolve_any
from miniaws.http.reading import (
    POSITION_HEADER,
    AsOf,
    AsOfPosition,
    Caller,
    CloudDep,
    IfNoneMatch,
    Narrowed,
    one,
    page,
)
from miniaws.http.writing import KnownQuery
from projections.changes import changes
from projections.why import why

router = APIRouter(prefix="/api/resources", tags=["resources"], dependencies=[KnownQuery])

Kind = Annotated[str | None, Query(max_length=40, description="one kind, e.g. instance")]


@router.get("")
async def list_resources(
    cloud: CloudDep,
    caller: Caller,
    at: AsOf,
    narrowed: Narrowed,
    kind: Kind = None,
) -> Response:
    """List resources of every kind, now or as of any moment."""
    check_kind(kind)
    return await page(cloud, kind, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_resource(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    at: AsOf,
    kind: Kind = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show any resource by id, or by a name that is unique among all kinds."""
    found, uuid = await resolve_any(cloud, caller.account_id, id_or_name, kind, at.at)
    return await one(cloud, found, caller.account_id, public_id(found.PREFIX, uuid), at, if_none_match)


@router.get("/{id_or_name}/history")
async def show_history(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, kind: Kind = None
) -> Response:
    """Show every version of a resource, oldest first, with what changed, by whom and why."""
    _, uuid = await resolve_any(cloud, caller.account_id, id_or_name, kind, at.at)
    documents = [orjson.loads(version) for version in await cloud.ports.inventory.history(uuid, at.at)]
    events = await cloud.ports.activity.cloud_events(await cloud.ports.store.events(uuid, at.at))
    items = [
        {**document, "changes": changes(before, document) if before else [], "event": event}
        for before, document, event in zip([None, *documents[:-1]], documents, events, strict=True)
    ]
    return _json({"items": items, "position": at.at}, at)


@router.get("/{id_or_name}/why")
async def show_why(id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, kind: Kind = None) -> Response:
    """Explain the state of a resource: the chain of causes from now to a key, in words and as events."""
    _, uuid = await resolve_any(cloud, caller.account_id, id_or_name, kind, at.at)
    document = await cloud.ports.inventory.one(uuid, caller.account_id, at.at)
    assert document is not None  # noqa: S101 - resolve_any has seen it
    shown = orjson.loads(document)
    chain = await cloud.ports.activity.chain(uuid, at.at)
    body = {key: shown[key] for key in ("id", "kind", "name", "status", "status_reason")}
    return _json({**body, "why": why(shown, chain), "chain": chain, "position": at.at}, at)


def _json(body: dict[str, Any], at: AsOfPosition) -> Response:
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")
