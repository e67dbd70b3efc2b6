"""Commands for databases.

``creation`` a new one · ``restoring`` one that begins as another was · ``replicas`` one that follows another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.database import Database
from domain.errors import Conflict, PortError, Unavailable
from domain.store import VersionConflict
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import archive as archives
from miniaws.commands import server
from miniaws.commands.database.creation import Create as Create
from miniaws.commands.database.creation import create as create
from miniaws.commands.database.replicas import Replicate as Replicate
from miniaws.commands.database.replicas import lag, login_of
from miniaws.commands.database.replicas import promote as promote
from miniaws.commands.database.replicas import replicas as replicas
from miniaws.commands.database.replicas import replicate as replicate
from miniaws.commands.database.restoring import Restore as Restore
from miniaws.commands.database.restoring import plan as plan
from miniaws.commands.database.restoring import restore as restore

_ATTEMPTS = 10


class NotBackedUp(Conflict):
    """cannot make a last backup of a database that does not run"""

    code = "not_backed_up"


@dataclass(frozen=True, slots=True)
class Change:
    """What of a database should be otherwise; None leaves it as it is."""

    class_: str | None = None
    parameters: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    deletion_protection: bool | None = None


async def change(cloud: Cloud, request: Request, id_or_name: str, wish: Change) -> Saved:
    """Change class, parameters, tags, protection. Raises NotFound, Invalid, BeingDeleted, IsReplica."""

    def modify(database: Database) -> None:
        if wish.class_ is not None or wish.parameters is not None:
            database.modify(wish.class_, wish.parameters)

    return await server.change(
        cloud,
        request,
        Database,
        id_or_name,
        modify,
        tags=wish.tags,
        deletion_protection=wish.deletion_protection,
    )


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay, IsReplica."""
    return await server.rotate_credentials(cloud, request, Database, id_or_name, replaces=False)


async def delete(
    cloud: Cloud, request: Request, id_or_name: str, *, keep_backups: bool, final_backup: bool
) -> Saved:
    """Give a database and its files up. Raises NotFound, DeletionProtected, HasReplicas, NotBackedUp."""
    await cloud.refuse_repeated(request)
    for _ in range(_ATTEMPTS):
        database, archive = await archives.find(cloud, request.cause.account_id, id_or_name)
        database.refuse_unless_version(request.expected_version)
        if final_backup and not database.is_deleting:
            database.refuse_if_replica("make a last backup of", "delete it without one")
            if database.status != "available":
                raise NotBackedUp(
                    f"cannot make a last backup of {database.name}: it is {database.status}; delete it without one"
                )
            archive.request_backup("final", cloud.ports.clock.now())
        database.delete()
        archive.release(keep=keep_backups or final_backup)
        try:
            return Saved(database, await cloud.save(request, database, archive))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot delete {id_or_name}: too many changes at once; retry")


async def connection(cloud: Cloud, account: str, id_or_name: str) -> server.Connection:
    """Return how to connect; a replica takes the password of its source. Raises what ``server.connection`` does."""
    found = await server.connection(cloud, Database, account, id_or_name)
    database = await cloud.load(Database, account, found.server.public_id)
    if database.replica_of is None:
        return found
    source = await cloud.load(Database, account, database.replica_of["id"])
    return replace(found, password=await login_of(cloud, source), is_read_only=True)


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    found, at, _ = await server.opened(cloud, Database, account, id_or_name)
    admin = await archives.admin_password(cloud, found)
    try:
        figures = await cloud.ports.databases[found.engine].stats(found, at, admin)
        standing = (
            await cloud.ports.replicators[found.engine].standing(at, admin) if found.is_replica else None
        )
    except PortError as error:
        raise server.unanswered(found, error) from error
    return figures if standing is None else {**figures, **lag(standing)}
