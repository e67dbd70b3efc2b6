"""Every kind of resource at once."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import Invalid, NotFound
from domain.values import parse_id, shown
from miniaws.http.reading import POSITION_HEADER, At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import KnownQuery

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
    """Show every version of a resource, oldest first."""
    kind = _kind(resource_id)
    await one(cloud, kind, caller.account_id, resource_id, at)
    parsed = parse_id(resource_id)
    assert parsed is not None  # noqa: S101 - _kind has read it
    versions = await cloud.ports.inventory.history(parsed[1], at.at)
    body = b'{"items":[%s],"position":%d}' % (b",".join(versions), at.at)
    return Response(body, headers={POSITION_HEADER: str(at.at)}, media_type="application/json")


def _kind(resource_id: str) -> type[Aggregate]:
    parsed = parse_id(resource_id)
    kinds = {kind.PREFIX: kind for kind in Aggregate.kinds.values()}
    if parsed is None or parsed[0] not in kinds:
        raise NotFound(f"cannot find {shown(resource_id)}: use the id of a resource, e.g. i-…")
    return kinds[parsed[0]]
