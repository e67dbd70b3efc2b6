"""Archives over HTTP: those of databases that live, and of those that are gone."""

from fastapi import APIRouter
from starlette.responses import Response

from domain.archive import Archive
from miniaws.commands import archive as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/archives", tags=["archives"], dependencies=[KnownQuery])


@router.get("")
async def list_archives(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List archives, now or as of any moment."""
    return await page(cloud, Archive.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_archive(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show an archive, now or as of any moment."""
    return await one(cloud, Archive, caller.account_id, id_or_name, at, if_none_match)


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_archive(id_or_name: str, change: Change) -> Response:
    """Delete the archive of a database that is gone, before its time is up."""
    return await answer(change, commands.delete(change.cloud, change.request, id_or_name), "archives")
