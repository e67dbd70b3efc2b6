"""Orphans over HTTP: what is on the engine though nothing wants it."""

from fastapi import APIRouter
from starlette.responses import Response

from domain.orphan import Orphan
from miniaws.commands import orphan as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/orphans", tags=["orphans"], dependencies=[KnownQuery])


@router.get("")
async def list_orphans(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List orphans, now or as of any moment. They belong to the account of those who run the cloud."""
    return await page(cloud, Orphan.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_orphan(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show an orphan, now or as of any moment."""
    return await one(cloud, Orphan, caller.account_id, id_or_name, at, if_none_match)


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def remove_orphan(id_or_name: str, change: Change) -> Response:
    """Remove an orphan from the engine, before its time is up."""
    return await answer(change, commands.remove(change.cloud, change.request, id_or_name), "orphans")
