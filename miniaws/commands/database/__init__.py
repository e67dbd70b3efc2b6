"""Commands for databases.

``creation`` of a new one · ``restoring`` into a new one · ``replicas`` of another one.
"""

from dataclasses import replace
from typing import Any

from pydantic import Field

from domain.database import Database
from domain.errors import Conflict, PortError
from domain.status import USABLE
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import archive as archives
from miniaws.commands import keeping, server
from miniaws.commands.database.creation import Backups as Backups
from miniaws.commands.database.creation import CreateDatabase as CreateDatabase
from miniaws.commands.database.replicas import CreateReplica as CreateReplica
from miniaws.commands.database.replicas import create as create
from miniaws.commands.database.replicas import lag, login_of
from miniaws.commands.database.replicas import promote as promote
from miniaws.commands.database.replicas import replicas as replicas
from miniaws.commands.database.replicas import replicate as replicate
from miniaws.commands.database.restoring import RestoreDatabase as RestoreDatabase
from miniaws.commands.database.restoring import plan as plan
from miniaws.commands.database.restoring import restore as restore
from miniaws.commands.server import ChangeMember

FIGURES = {
    "connections": "Client connections",
    "max_connections": "Connections that it takes",
    "size_bytes": "Bytes of its databases",
    "committed": "Transactions committed since its start",
    "rolled_back": "Transactions rolled back since its start",
    "cache_hit_percent": "Blocks found in its memory, percent",
    "log_lag_bytes": "Bytes of its log that are not in the archive yet",
    "replica_lag_bytes": "Bytes of its source's log that cannot be read in a replica yet",
    "replica_lag_seconds": "Age of the newest change in a replica while others are on their way, else 0",
}
"""Metrics for Prometheus, by name, with their meaning."""


class NotBackedUp(Conflict):
    """cannot take a final backup of a database that is not running"""

    code = "not_backed_up"


class ChangeDatabase(ChangeMember):
    """What can be changed of a database while it runs."""

    class_: str | None = Field(
        default=None, alias="class", title="Class", description="CPU and memory; left out: unchanged"
    )
    parameters: dict[str, str] | None = Field(
        default=None,
        title="Parameters",
        description="the complete new settings of the engine; left out: unchanged",
    )


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeDatabase) -> Saved:
    """Change class, parameters, tags, protection. Raises NotFound, Invalid, BeingDeleted, IsReplica."""

    def modify(database: Database) -> None:
        if changes.class_ is not None or changes.parameters is not None:
            database.modify(changes.class_, changes.parameters)

    return await server.change(cloud, request, Database, id_or_name, changes, modify)


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay, IsReplica."""
    return await server.rotate_credentials(cloud, request, Database, id_or_name, replaces=False)


async def delete(
    cloud: Cloud,
    request: Request,
    id_or_name: str,
    *,
    keep_backups: bool,
    final_backup: bool,
    purge: bool = False,
) -> Saved:
    """Move a database to the trash, or with ``purge`` remove it and its files.

    Raises NotFound, DeletionProtected, HasReplicas, NotBackedUp.
    """

    async def work(unit: UnitOfWork) -> None:
        database = await unit.load(Database, id_or_name)
        archive = await archives.of_database(cloud, database)
        unit.add(archive)
        if final_backup and not database.is_deleting:
            database.refuse_if_replica("make a last backup of", "delete it without one")
            if database.status != "available":
                raise NotBackedUp(
                    f"cannot make a last backup of {database.name}: it is {database.status}; "
                    "wait until it is available, or delete it without one"
                )
            archive.request_backup("final", cloud.ports.clock.now())
        keeping.end(cloud, database, purge=purge)
        archive.release(keep=keep_backups or final_backup)

    return await cloud.transact(request, work)


async def connection(cloud: Cloud, account: str, id_or_name: str) -> server.Connection:
    """Return how to connect; a replica takes the password of its source. Raises what ``server.connection`` does."""
    found = await server.connection(cloud, Database, account, id_or_name)
    database = await cloud.load(Database, account, found.server.public_id)
    if database.replica_of is None:
        return found
    source = await cloud.load(Database, account, database.replica_of.id)
    return replace(found, password=await login_of(cloud, source), is_read_only=True)


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    found, at, _ = await server.opened(cloud, Database, account, id_or_name)
    admin = await archives.admin_password(cloud, found)
    try:
        reported = await cloud.ports.databases[found.engine].stats(found, at, admin)
        status = (
            await cloud.ports.replicators[found.engine].replication_status(at, admin)
            if found.is_replica
            else None
        )
    except PortError as error:
        raise server.unanswered(found, error) from error
    return reported if status is None else {**reported, **lag(status)}


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a database that can be used."""
    if document["status"] not in USABLE:
        return {}
    found = await stats(cloud, document["account_id"], document["id"])
    return {**found, "replica_lag_seconds": found.get("replica_lag_s")}
