"""Databases over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.responses import Response

from domain.archive import Archive
from domain.database import Database
from miniaws.application import Cloud
from miniaws.commands import archive as archives
from miniaws.commands import database as commands
from miniaws.http.generic import Purge, Routes
from miniaws.http.reading import AsOf, Caller, CloudDep, IfNoneMatch, one
from miniaws.http.servers import add_lifecycle, shown
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Database)
router = routes.router
_SCHEMES = {"postgres": "postgresql", "mariadb": "mysql", "mysql": "mysql"}


@router.post("", status_code=202, dependencies=[Operator])
async def create_database(body: commands.CreateDatabase, change: CommandContext) -> Response:
    """Create a database, which is backed up from its beginning."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_database(id_or_name: str, body: commands.ChangeDatabase, change: CommandContext) -> Response:
    """Change class, parameters, protection or tags."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_database(
    id_or_name: str,
    change: CommandContext,
    keep_backups: Annotated[bool, Query(description="until their retention ends")] = True,  # noqa: FBT002
    final_backup: Annotated[bool, Query(description="make one more before it goes")] = False,  # noqa: FBT002
    purge: Purge = False,  # noqa: FBT002
) -> Response:
    """Delete a database with its files. It is kept in the trash, and can be restored: see `GET /api/trash`.

    Its backups are kept at least as long. Afterwards, `keep_backups` counts.
    """
    command = commands.delete(
        change.cloud,
        change.request,
        id_or_name,
        keep_backups=keep_backups,
        final_backup=final_backup,
        purge=purge,
    )
    return await answer(change, command)


@router.post("/{id_or_name}/backups", status_code=202, dependencies=[Operator])
async def create_database_backup(id_or_name: str, change: CommandContext) -> Response:
    """Make a base backup now; the answer is the archive it goes to."""
    return await answer(change, archives.back_up(change.cloud, change.request, id_or_name))


@router.get("/{id_or_name}/backups")
async def list_database_backups(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Show the archive of a database with its base backups, now or as of any moment."""
    database, archive = await archives.find(cloud, caller.account_id, id_or_name)
    del database
    return await one(cloud, Archive, caller.account_id, archive.public_id, at, if_none_match)


@router.patch("/{id_or_name}/backups", status_code=202, dependencies=[Operator])
async def change_database_backups(
    id_or_name: str, body: archives.ChangeBackups, change: CommandContext
) -> Response:
    """Change when base backups are made, and how long they are kept."""
    command = archives.change_policy(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.get("/{id_or_name}/restorable")
async def show_restorable(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show the moments to which a database can be restored, and the gaps between them."""
    return _json(await archives.restorable(cloud, caller.account_id, id_or_name))


@router.post("/{id_or_name}/restore", status_code=202, dependencies=[Operator])
async def restore_database(
    id_or_name: str,
    body: commands.RestoreDatabase,
    change: CommandContext,
    plan: Annotated[bool, Query(description="only say what would be done")] = False,  # noqa: FBT002
) -> Response:
    """Restore a moment, or a backup, into a new database."""
    if plan:
        account = change.request.cause.account_id
        return _json(await commands.plan(change.cloud, account, id_or_name, body))
    command = commands.restore(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/replicas", status_code=202, dependencies=[Operator])
async def create_database_replica(
    id_or_name: str, body: commands.CreateReplica, change: CommandContext
) -> Response:
    """Create a database that follows this one as it is written, and is only read until it is promoted."""
    return await answer(change, commands.replicate(change.cloud, change.request, id_or_name, body))


@router.get("/{id_or_name}/replicas")
async def list_database_replicas(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show who follows a database, and how far each is; what cannot be measured is left out."""
    return _json(await commands.replicas(cloud, caller.account_id, id_or_name))


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


async def _connection(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    found = await commands.connection(cloud, account, id_or_name)
    database: str = found.server.settings["database"]
    more = {"database": database, "read_only": found.is_read_only}
    return shown(found, _SCHEMES[found.server.engine], f"/{database}", **more)


routes.reads()
add_lifecycle(routes, Database, "Start a stopped database.", "Stop a database; its files stay.")
routes.action(
    "rotate-credentials",
    commands.rotate_credentials,
    "Change the password of a database's user; the database keeps running.",
    "rotate_database_credentials",
)
routes.action(
    "promote", commands.promote, "Promote a replica to a standalone database, also when its source is lost."
)
routes.connection(_connection)
routes.stats(
    commands.stats,
    "Show what the server says of itself: connections, size, transactions, cache hits, log lag.",
)
