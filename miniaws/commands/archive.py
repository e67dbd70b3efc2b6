"""Commands for archives: what databases can be restored from."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from domain.archive import Archive, Held, Plan, Policy, Stretch, archive_uuid, plan, stretches
from domain.database import ENGINES, Database
from domain.errors import Invalid, PortError, Refused, Unavailable
from domain.values import public_id
from miniaws.application import Cloud, Request, Saved

_UNSET = ""


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """What of a policy should be otherwise; None leaves it as it is, 0 and "" take the limit or the drill away."""

    schedule: str | None = None
    window_minutes: int | None = None
    retention_days: int | None = None
    retention_count: int | None = None
    drill_schedule: str | None = None

    def apply(self, policy: Policy) -> Policy:
        """Return the policy as it should be."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        for name, nothing in (("retention_count", 0), ("drill_schedule", _UNSET)):
            if wanted.get(name) == nothing:
                wanted[name] = None
        return replace(policy, **wanted)


async def find(cloud: Cloud, account: str, database: str) -> tuple[Database, Archive]:
    """Return a database and its archive; by its id also one that is deleted. Raises NotFound."""
    found = await cloud.load(Database, account, database)
    return found, await cloud.load_by_id(Archive, archive_uuid(found.public_id))


async def admin_password(cloud: Cloud, database: Database) -> str:
    """Return the password of our own account in a server; a replica has that of its source."""
    owner = database.public_id if database.replica_of is None else database.replica_of["id"]
    archive = await cloud.load_by_id(Archive, archive_uuid(owner))
    sealed = await cloud.ports.store.secret(UUID(archive.admin_id))
    return sealed.decode() if sealed is not None else ""


async def change_policy(cloud: Cloud, request: Request, database: str, wish: ChangePolicy) -> Saved:
    """Change when backups are made and how long they are kept. Raises NotFound, Invalid."""
    return await _change(cloud, request, database, lambda a: a.change_policy(wish.apply(a.policy)))


async def back_up(cloud: Cloud, request: Request, database: str) -> Saved:
    """Ask for a base backup now. Raises NotFound, BackupUnderWay, ArchiveClosed, IsReplica."""
    now = cloud.ports.clock.now()
    found, _ = await find(cloud, request.cause.account_id, database)
    found.refuse_if_replica("back up", "back up {source}")

    def decide(archive: Archive) -> None:
        archive.request_backup("manual", now)

    return await _change(cloud, request, database, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give up the archive of a database that is gone. Raises NotFound, ArchiveInUse."""
    return await cloud.change(request, Archive, id_or_name, Archive.delete)


async def restorable(cloud: Cloud, account: str, database: str) -> dict[str, Any]:
    """Return the moments to which a database can be restored, as the archive itself shows.

    Raises NotFound, IsReplica.
    """
    found, archive = await find(cloud, account, database)
    found.refuse_if_replica("restore", "restore {source}")
    ranges = await _stretches(cloud, archive)
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
        raise Invalid("cannot restore a moment and a backup at once: give one of them", field="backup")
    if to is not None and to > now:
        raise Invalid(f"cannot restore to {to.isoformat()}: that is not yet over", field="to")
    if backup_id is not None:
        return plan(archive.backups, Held(), None, backup_id)
    if archive.expires_at is not None:
        newest = max((_moment(each["to"]) for each in archive.window), default=None)
        return _planned_of_closed(archive, to or newest)
    held = await _held(cloud, archive, fresh_for=to, latest=to is None)
    return plan(archive.backups, held, to)


def _planned_of_closed(archive: Archive, to: datetime | None) -> Plan:
    """Return how a moment is restored from what is kept of a database that is gone: nothing can be looked at."""
    ranges = [Stretch(_moment(each["from"]), _moment(each["to"])) for each in archive.window]
    inside = to is not None and any(each.from_ <= to <= each.to for each in ranges)
    fitting = [
        each for each in archive.backups if not each.is_damaged and to is not None and each.ended_at <= to
    ]
    if to is None or not inside or not fitting:
        # Says which moments there are.
        return plan(archive.backups, Held(), to)
    return Plan(max(fitting, key=lambda each: each.ended_at), to, 0, 0)


async def _stretches(cloud: Cloud, archive: Archive) -> list[Stretch]:
    if archive.expires_at is not None:
        return [Stretch(_moment(each["from"]), _moment(each["to"])) for each in archive.window]
    return stretches(archive.backups, await _held(cloud, archive, fresh_for=None, latest=False))


async def _held(cloud: Cloud, archive: Archive, *, fresh_for: datetime | None, latest: bool) -> Held:
    engine = cloud.ports.archives[archive.engine]
    if not archive.backups:
        return Held()
    try:
        held = await engine.held(archive.public_id)
        newest = max((mark.at for mark in held.marks), default=None)
        if latest or (fresh_for is not None and (newest is None or newest < fresh_for)):
            # A server that is gone cannot commit any more; what is held of it still counts.
            with contextlib.suppress(Refused):
                await engine.beat(archive.public_id)
            held = await engine.held(archive.public_id)
    except PortError as error:
        raise Unavailable(f"cannot look into the archive of {archive.name}: {error}; retry later") from error
    return held


async def _change(cloud: Cloud, request: Request, database: str, decide: Callable[[Archive], None]) -> Saved:
    found, _ = await find(cloud, request.cause.account_id, database)
    archive_id = public_id(Archive.PREFIX, archive_uuid(found.public_id))
    return await cloud.change(request, Archive, archive_id, decide)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
