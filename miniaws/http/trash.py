"""The trash over HTTP: what was deleted and can be restored."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from miniaws.commands import trash as commands
from miniaws.http.cursors import close_cursor, open_cursor
from miniaws.http.filters import check_kind
from miniaws.http.reading import POSITION_HEADER, AsOf, Caller, CloudDep, digest_of
from miniaws.http.writing import CommandContext, KnownQuery, Operator, answer
from projections.trashed import Trashed, TrashQuery

router = APIRouter(prefix="/api/trash", tags=["trash"], dependencies=[KnownQuery])


@router.get("")
async def list_trash(
    cloud: CloudDep,
    caller: Caller,
    at: AsOf,
    kind: Annotated[str | None, Query(max_length=40, description="one kind, e.g. instance")] = None,
    name: Annotated[str | None, Query(max_length=63, description="exactly this name")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="documents a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=1000, description="where the last page ended")] = None,
) -> Response:
    """List what is in the trash, now or as of any moment, the newest first.

    What is in it has no name that others could not use; refer to it by id. It is kept until `purges_at`.
    """
    check_kind(kind)
    digest = digest_of(caller.account_id, kind, name)
    position, wanted = at.at, TrashQuery(at.at, caller.account_id, kind, name, limit=limit + 1)
    if cursor is not None:
        position, before = map(int, open_cursor(cursor, digest, int, int))
        wanted = TrashQuery(position, caller.account_id, kind, name, before, limit=limit + 1)
    found = await Trashed(cloud.ports.inventory).items(wanted)
    items = found[:limit]
    rest = close_cursor(digest, position, items[-1]["position"]) if len(found) > limit else None
    body = {"items": items, "position": position, "next_cursor": rest}
    return Response(
        orjson.dumps(body), headers={POSITION_HEADER: str(position)}, media_type="application/json"
    )


@router.post("/{id}/restore", status_code=202, dependencies=[Operator])
async def restore_from_trash(id: str, body: commands.RestoreFromTrash, change: CommandContext) -> Response:  # noqa: A002
    """Restore a resource: the same id, files and secrets. It takes its name, host ports and volumes again."""
    return await answer(change, commands.restore(change.cloud, change.request, id, body))


@router.delete("/{id}", status_code=202, dependencies=[Operator])
async def purge_from_trash(id: str, change: CommandContext) -> Response:  # noqa: A002
    """Remove a resource from the trash for good, with its files and secrets."""
    return await answer(change, commands.purge(change.cloud, change.request, id))
