"""A database that begins as another one was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.archive import Plan
from domain.database import Database
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import archive as archives
from miniaws.commands import server
from miniaws.commands.database.creation import Create, create


@dataclass(frozen=True, slots=True)
class Restore:
    """Which moment becomes which new database; neither moment nor backup means the newest moment."""

    name: str
    to: datetime | None = None
    backup: str | None = None
    publish: int | None = None
    vpc: str | None = None
    """None: that of the source."""


async def plan(cloud: Cloud, account: str, id_or_name: str, wish: Restore) -> dict[str, Any]:
    """Return what a restore would do, and do nothing. Raises NotFound, NotRestorable, Invalid, IsReplica."""
    source, archive = await archives.find(cloud, account, id_or_name)
    source.refuse_if_replica("restore", "restore {source}")
    found = await archives.planned(cloud, archive, wish.to, wish.backup)
    return {
        "source": {"id": source.public_id, "name": source.name},
        "name": wish.name,
        "backup": {
            "id": found.backup.id,
            "ended_at": found.backup.ended_at,
            "size_bytes": found.backup.size_bytes,
        },
        "to": found.to or found.backup.ended_at,
        "log_files": found.log_files,
        "log_bytes": found.log_bytes,
        "estimate_s": _estimate_s(found),
        "same": ["engine", "version", "class", "parameters", "user", "database", "vpc", "backup policy"],
        "differs": ["name", "password", "address", "archive", "published port", "tags"],
    }


async def restore(cloud: Cloud, request: Request, id_or_name: str, wish: Restore) -> Saved:
    """Ask for a new database that begins as another one was. Raises NotRestorable, and what ``create`` does."""
    await cloud.refuse_repeated(request)
    source, archive = await archives.find(cloud, request.cause.account_id, id_or_name)
    source.refuse_if_replica("restore", "restore {source}")
    found = await archives.planned(cloud, archive, wish.to, wish.backup)
    asked = Create(
        name=wish.name,
        engine=source.engine,
        version=source.engine_version,
        class_=source.settings["class"],
        database=source.settings["database"],
        user=source.username,
        parameters=source.settings["parameters"],
        vpc=wish.vpc or source.vpc_id,
        publish=wish.publish,
        storage_gb=source.settings["storage_gb"],
        deletion_protection=source.deletion_protection,
        synchronous=source.settings["synchronous"],
        policy=archive.policy,
        tags=source.tags,
    )

    async def begin(database: Database) -> server.Company:
        database.restore_from(source, archive.public_id, found)
        return (), {}

    return await create(cloud, request, asked, begin)


def _estimate_s(found: Plan) -> float:
    """Return about how long a restore takes: what was measured on two cores, rounded up."""
    return round(3 + found.backup.size_bytes / 25_000_000 + found.log_bytes / 50_000_000, 1)
