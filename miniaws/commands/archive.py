"""Commands for archives: what databases can be restored from."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import Field

from domain.archive import (
    Archive,
    ArchiveContents,
    LogSegment,
    Plan,
    Policy,
    archive_uuid,
    plan,
    restorable_ranges,
)
from domain.archive.schedule import MOST_COUNT, MOST_DAYS, MOST_WINDOW_MINUTES
from domain.database import ENGINES, Database
from domain.errors import DomainError, PortError, Refused, Unavailable
from domain.values import must, public_id
from miniaws.application import Cloud, Request, Saved
from miniaws.commands.body import Change

_UNSET = ""


FIGURES = {
    "backup_age_seconds": "Age of the newest base backup of a database",
    "restorable_age_seconds": "Age of the newest moment that can be restored",
}
"""Metrics for Prometheus, by name, with their meaning."""


class ChangeBackups(Change):
    """What can be changed of the policy; a count of 0 and an empty drill schedule remove the limit and the drills."""

    MAY_BE_EMPTY = frozenset({"drill_schedule"})

    schedule: str | None = Field(
        default=None,
        title="Backup schedule",
        max_length=100,
        description="cron expression, UTC; left out: unchanged",
    )
    window_minutes: int | None = Field(
        default=None,
        title="Window (minutes)",
        ge=0,
        le=MOST_WINDOW_MINUTES,
        description="a backup starts within this time after the scheduled moment; left out: unchanged",
    )
    retention_days: int | None = Field(
        default=None,
        title="Backup retention (days)",
        ge=1,
        le=MOST_DAYS,
        description="days for which backups are kept; left out: unchanged",
    )
    retention_count: int | None = Field(
        default=None,
        title="Maximum backups",
        ge=0,
        le=MOST_COUNT,
        description="maximum number of backups that are kept; 0: no limit; left out: unchanged",
    )
    drill_schedule: str | None = Field(
        default=None,
        title="Restore test schedule",
        max_length=100,
        description="cron expression, UTC: when a backup is restored as a test; empty: never; left out: unchanged",
    )

    def apply(self, policy: Policy) -> Policy:
        """Return the policy with the changes."""
        wanted: dict[str, Any] = self.model_dump(exclude_none=True)
        for name, nothing in (("retention_count", 0), ("drill_schedule", _UNSET)):
            if wanted.get(name) == nothing:
                wanted[name] = None
        return replace(policy, **wanted)


async def find(cloud: Cloud, account: str, database: str) -> tuple[Database, Archive]:
    """Return a database and its archive; by its id also one that is deleted. Raises NotFound."""
    found = await cloud.load(Database, account, database)
    return found, await of_database(cloud, found)


async def of_database(cloud: Cloud, database: Database) -> Archive:
    """Return the archive of a database."""
    return await cloud.load_by_id(Archive, archive_uuid(database.public_id))


async def admin_password(cloud: Cloud, database: Database) -> str:
    """Return the password of our own account in a server; a replica has that of its source."""
    owner = database.public_id if database.replica_of is None else database.replica_of.id
    archive = await cloud.load_by_id(Archive, archive_uuid(owner))
    return (await cloud.secret(archive.admin_id, f"a secret of database {database.name}")).decode()


async def change_policy(cloud: Cloud, request: Request, database: str, changes: ChangeBackups) -> Saved:
    """Change when backups are made and how long they are kept. Raises NotFound, Invalid."""
    return await _change(cloud, request, database, lambda a: a.change_policy(changes.apply(a.policy)))


async def back_up(cloud: Cloud, request: Request, database: str) -> Saved:
    """Ask for a base backup now. Raises NotFound, BackupUnderWay, ArchiveClosed, IsReplica."""
    await cloud.refuse_repeated(request)
    now = cloud.ports.clock.now()
    found, _ = await find(cloud, request.cause.account_id, database)
    found.refuse_if_replica("back up", "back up {source}")

    def decide(archive: Archive) -> None:
        archive.request_backup("manual", now)

    return await _change(cloud, request, database, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete the archive of a database that is gone. Raises NotFound, ArchiveInUse."""
    return await cloud.change(request, Archive, id_or_name, Archive.delete)


async def restorable(cloud: Cloud, account: str, database: str) -> dict[str, Any]:
    """Return the moments to which a database can be restored, as the archive itself shows.

    Raises NotFound, IsReplica.
    """
    found, archive = await find(cloud, account, database)
    found.refuse_if_replica("restore", "restore {source}")
    ranges = await _segments(cloud, archive)
    newest = max((each.to for each in ranges), default=None)
    return {
        "database_id": found.public_id,
        "archive_id": archive.public_id,
        "ranges": [{"from": each.from_, "to": each.to} for each in ranges],
        "gaps": [
            {"after": each.to, "before": following.from_, "why": each.lost_after}
            for each, following in pairwise(ranges)
        ],
        "from": min((each.from_ for each in ranges), default=None),
        "to": newest,
        "age_s": (cloud.ports.clock.now() - newest).total_seconds() if newest is not None else None,
        "resolution": ENGINES[archive.engine].restores_to,
        "expires_at": archive.expires_at,
    }


async def planned(cloud: Cloud, archive: Archive, to: datetime | None, backup_id: str | None) -> Plan:
    """Return how a moment is restored. Raises NotRestorable, Invalid, Unavailable."""
    now = cloud.ports.clock.now()
    if to is not None and ENGINES[archive.engine].restores_to == "second":
        to = to.replace(microsecond=0)
    if to is not None and backup_id is not None:
        raise must("backup", "be left out when `to` is given")
    if to is not None and to > now:
        raise must("to", "be in the past", to.isoformat())
    if not archive.is_complete:
        archive.refuse_unless_restorable()
    if backup_id is not None:
        return plan(archive.backups, ArchiveContents(), None, backup_id)
    if archive.is_complete:
        newest = max((_moment(each["to"]) for each in archive.window), default=None)
        return _planned_of_closed(archive, to or newest)
    held = await _held(cloud, archive, fresh_for=to, latest=to is None)
    return plan(archive.backups, held, to)


def _planned_of_closed(archive: Archive, to: datetime | None) -> Plan:
    """Return how a moment is restored from what is kept of a database that is deleted or in the trash."""
    ranges = [LogSegment(_moment(each["from"]), _moment(each["to"])) for each in archive.window]
    inside = to is not None and any(each.from_ <= to <= each.to for each in ranges)
    fitting = [
        each for each in archive.backups if not each.is_damaged and to is not None and each.ended_at <= to
    ]
    if to is None or not inside or not fitting:
        # Says which moments there are.
        return plan(archive.backups, ArchiveContents(), to)
    return Plan(max(fitting, key=lambda each: each.ended_at), to, 0, 0)


async def _segments(cloud: Cloud, archive: Archive) -> list[LogSegment]:
    if archive.is_complete:
        return [LogSegment(_moment(each["from"]), _moment(each["to"])) for each in archive.window]
    return restorable_ranges(archive.backups, await _held(cloud, archive, fresh_for=None, latest=False))


async def _held(
    cloud: Cloud, archive: Archive, *, fresh_for: datetime | None, latest: bool
) -> ArchiveContents:
    engine = cloud.ports.archives[archive.engine]
    if not archive.backups:
        return ArchiveContents()
    try:
        held = await engine.contents(archive.public_id)
        newest = max((mark.at for mark in held.marks), default=None)
        if latest or (fresh_for is not None and (newest is None or newest < fresh_for)):
            # A server that is gone cannot commit any more; what is held of it still counts.
            with contextlib.suppress(Refused):
                await engine.heartbeat(archive.public_id)
            held = await engine.contents(archive.public_id)
    except PortError as error:
        raise Unavailable(f"cannot look into the archive of {archive.name}: {error}; retry later") from error
    return held


async def _change(cloud: Cloud, request: Request, database: str, decide: Callable[[Archive], None]) -> Saved:
    await cloud.refuse_repeated(request)
    found, _ = await find(cloud, request.cause.account_id, database)
    archive_id = public_id(Archive.PREFIX, archive_uuid(found.public_id))
    return await cloud.change(request, Archive, archive_id, decide)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return the age of the newest backup, and of the newest moment that can be restored."""
    if document["observed"]["expires_at"] is not None:
        return {}
    ended = [
        _moment(each["ended_at"]) for each in document["observed"]["backups"] if each["status"] == "available"
    ]
    values: dict[str, Any] = {}
    if ended:
        values["backup_age_seconds"] = (cloud.ports.clock.now() - max(ended)).total_seconds()
    with contextlib.suppress(DomainError):
        found = await restorable(cloud, document["account_id"], document["spec"]["database"]["id"])
        values["restorable_age_seconds"] = found["age_s"]
    return values
