"""Databases over HTTP."""

import contextlib
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from domain.archive import Archive, Policy
from domain.archive.schedule import MOST_COUNT, MOST_DAYS, MOST_WINDOW_MINUTES
from domain.database import Database
from domain.errors import Invalid
from domain.values import shown
from miniaws.commands import archive as archives
from miniaws.commands import database as commands
from miniaws.commands import server
from miniaws.http.metrics import Stretch, used
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.servers import shown_connection
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/databases", tags=["databases"], dependencies=[KnownQuery])
_SCHEMES = {"postgres": "postgresql", "mariadb": "mysql", "mysql": "mysql"}


class Backups(Body):
    """When base backups are made, and how long they are kept. The log is kept as long."""

    schedule: str = Field(default=Policy().schedule, max_length=100, description="cron expression, UTC")
    window_minutes: int = Field(default=Policy().window_minutes, ge=0, le=MOST_WINDOW_MINUTES)
    retention_days: int = Field(default=Policy().retention_days, ge=1, le=MOST_DAYS)
    retention_count: int | None = Field(default=None, ge=1, le=MOST_COUNT, description="left out: any number")
    drill_schedule: str | None = Field(
        default=Policy().drill_schedule,
        max_length=100,
        description="when one is restored for a trial; null: never",
    )
    synchronous: bool = Field(
        default=False, description="a commit is answered once the archive has it, and waits when that is down"
    )


class CreateDatabase(Body):
    """A database as it is asked for."""

    name: str = Field(examples=["orders"])
    version: str | None = Field(default=None, description="left out: that of the image that is here")
    engine: str = Field(default="postgres", examples=["postgres"])
    class_: str = Field(default="small", alias="class", examples=["small"], description="CPU and memory")
    database: str = Field(default="app", description="the first database in it")
    user: str = Field(default="app", description="who owns that database")
    parameters: dict[str, str] = Field(default={}, examples=[{"work_mem": "8192"}])
    vpc: str = Field(default="default", description="id or name")
    publish: int | None = Field(
        default=None, ge=1, le=65535, description="a port of the host that leads to it; left out: private"
    )
    storage_gb: int | None = Field(
        default=None,
        ge=1,
        description="a real limit of its volume, in GiB; left out: as much as the disk holds",
    )
    backup: Backups = Backups()
    deletion_protection: bool = Field(default=False, description="refuse to delete it")
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeBackups(Body):
    """What of the policy should be otherwise; 0 takes the count away, an empty text the drills."""

    schedule: str | None = Field(default=None, max_length=100)
    window_minutes: int | None = Field(default=None, ge=0, le=MOST_WINDOW_MINUTES)
    retention_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    retention_count: int | None = Field(default=None, ge=0, le=MOST_COUNT)
    drill_schedule: str | None = Field(default=None, max_length=100)


class ChangeDatabase(Body):
    """What of a database can change, while it runs."""

    class_: str | None = Field(default=None, alias="class")
    parameters: dict[str, str] | None = Field(default=None, description="all of them; left out: as they are")
    deletion_protection: bool | None = None
    tags: dict[str, str] | None = None


class RestoreDatabase(Body):
    """Which moment becomes which new database. Neither moment nor backup: the newest moment there is."""

    name: str = Field(examples=["orders-before"])
    to: str | None = Field(default=None, max_length=64, examples=["2026-11-23T10:02:11.250Z"])
    backup: str | None = Field(
        default=None, max_length=32, description="a backup alone, without the log after it; then no moment"
    )
    publish: int | None = Field(default=None, ge=1, le=65535)
    vpc: str | None = Field(default=None, description="left out: that of the source")


class CreateReplica(Body):
    """A replica as it is asked for; what is left out is as with its source."""

    name: str = Field(examples=["orders-r1"])
    class_: str | None = Field(default=None, alias="class")
    publish: int | None = Field(default=None, ge=1, le=65535)
    storage_gb: int | None = Field(default=None, ge=1)
    deletion_protection: bool = False
    tags: dict[str, str] = Field(default={})


@router.post("", status_code=202, dependencies=[Operator])
async def create_database(body: CreateDatabase, change: Change) -> Response:
    """Create a database, which is backed up from its beginning."""
    given = body.model_dump()
    backup: dict[str, Any] = given.pop("backup")
    synchronous: bool = backup.pop("synchronous")
    wish = commands.Create(**given, policy=Policy(**backup), synchronous=synchronous)
    return await answer(change, commands.create(change.cloud, change.request, wish), "databases")


@router.get("")
async def list_databases(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List databases, now or as of any moment."""
    return await page(cloud, Database.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_database(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a database, now or as of any moment."""
    return await one(cloud, Database, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_database(id_or_name: str, body: ChangeDatabase, change: Change) -> Response:
    """Change class, parameters, protection or tags."""
    wish = commands.Change(**body.model_dump())
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, wish), "databases")


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_database(
    id_or_name: str,
    change: Change,
    keep_backups: Annotated[bool, Query(description="until their retention ends")] = True,  # noqa: FBT002
    final_backup: Annotated[bool, Query(description="make one more before it goes")] = False,  # noqa: FBT002
) -> Response:
    """Delete a database and its files."""
    command = commands.delete(
        change.cloud, change.request, id_or_name, keep_backups=keep_backups, final_backup=final_backup
    )
    return await answer(change, command, "databases")


@router.post("/{id_or_name}/start", status_code=202, dependencies=[Operator])
async def start_database(id_or_name: str, change: Change) -> Response:
    """Start a stopped database."""
    return await answer(change, server.start(change.cloud, change.request, Database, id_or_name), "databases")


@router.post("/{id_or_name}/stop", status_code=202, dependencies=[Operator])
async def stop_database(id_or_name: str, change: Change) -> Response:
    """Stop a database; its files stay."""
    return await answer(change, server.stop(change.cloud, change.request, Database, id_or_name), "databases")


@router.post("/{id_or_name}/rotate-credentials", status_code=202, dependencies=[Operator])
async def rotate_database_credentials(id_or_name: str, change: Change) -> Response:
    """Give a database's user another password; it goes on running."""
    command = commands.rotate_credentials(change.cloud, change.request, id_or_name)
    return await answer(change, command, "databases")


@router.get("/{id_or_name}/connection", dependencies=[Operator])
async def show_database_connection(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show how to connect, with the password."""
    found = await commands.connection(cloud, caller.account_id, id_or_name)
    database: str = found.server.settings["database"]
    more = {"database": database, "read_only": found.is_read_only}
    return shown_connection(found, _SCHEMES[found.server.engine], f"/{database}", **more)


@router.get("/{id_or_name}/metrics")
async def show_database_metrics(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, stretch: Stretch
) -> Response:
    """Show what its container used: averages and maxima per step, null where nothing was measured."""
    return await used(cloud, Database, caller.account_id, id_or_name, at, stretch)


@router.get("/{id_or_name}/stats")
async def show_database_stats(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show what the server says of itself: connections, size, transactions, cache hits, log lag."""
    return _json(await commands.stats(cloud, caller.account_id, id_or_name))


@router.post("/{id_or_name}/backups", status_code=202, dependencies=[Operator])
async def create_database_backup(id_or_name: str, change: Change) -> Response:
    """Make a base backup now; the answer is the archive it goes to."""
    return await answer(change, archives.back_up(change.cloud, change.request, id_or_name), "archives")


@router.get("/{id_or_name}/backups")
async def list_database_backups(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show the archive of a database with its base backups, now or as of any moment."""
    database, archive = await archives.find(cloud, caller.account_id, id_or_name)
    del database
    return await one(cloud, Archive, caller.account_id, archive.public_id, at, if_none_match)


@router.patch("/{id_or_name}/backups", status_code=202, dependencies=[Operator])
async def change_database_backups(id_or_name: str, body: ChangeBackups, change: Change) -> Response:
    """Change when base backups are made, and how long they are kept."""
    wish = archives.ChangePolicy(**body.model_dump())
    command = archives.change_policy(change.cloud, change.request, id_or_name, wish)
    return await answer(change, command, "archives")


@router.get("/{id_or_name}/restorable")
async def show_restorable(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show the moments to which a database can be restored, and the gaps between them."""
    return _json(await archives.restorable(cloud, caller.account_id, id_or_name))


@router.post("/{id_or_name}/restore", status_code=202, dependencies=[Operator])
async def restore_database(
    id_or_name: str,
    body: RestoreDatabase,
    change: Change,
    plan: Annotated[bool, Query(description="only say what would be done")] = False,  # noqa: FBT002
) -> Response:
    """Restore a moment, or a backup, into a new database."""
    wish = commands.Restore(body.name, _moment(body.to), body.backup, body.publish, body.vpc)
    if plan:
        account = change.request.cause.account_id
        return _json(await commands.plan(change.cloud, account, id_or_name, wish))
    command = commands.restore(change.cloud, change.request, id_or_name, wish)
    return await answer(change, command, "databases")


@router.post("/{id_or_name}/replicas", status_code=202, dependencies=[Operator])
async def create_database_replica(id_or_name: str, body: CreateReplica, change: Change) -> Response:
    """Create a database that follows this one as it is written, and is only read until it is promoted."""
    wish = commands.Replicate(**body.model_dump())
    return await answer(
        change, commands.replicate(change.cloud, change.request, id_or_name, wish), "databases"
    )


@router.get("/{id_or_name}/replicas")
async def list_database_replicas(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show who follows a database, and how far each is; what cannot be measured is left out."""
    return _json(await commands.replicas(cloud, caller.account_id, id_or_name))


@router.post("/{id_or_name}/promote", status_code=202, dependencies=[Operator])
async def promote_database(id_or_name: str, change: Change) -> Response:
    """Let a replica follow no more and take writes, also when its source is lost."""
    return await answer(change, commands.promote(change.cloud, change.request, id_or_name), "databases")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    raise Invalid(
        f"cannot restore to {shown(text)}: use an RFC 3339 instant with a time zone such as 2026-11-23T10:02:11Z",
        field="to",
    )


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
