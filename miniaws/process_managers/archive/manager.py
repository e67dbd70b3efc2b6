"""Keeps the archive of every database.

database lives              -> a volume, and a container that follows the log by the scripts of this version
a backup is requested, due  -> a container that makes it -> report_backup, report_backup_failed
a drill is due              -> a container that restores the newest backup -> report_drill, report_drill_failed
the log has a gap           -> report_late, and another backup
retention                   -> drop_expired; what is held but no longer listed is removed
database is in the trash    -> suspend, and no containers
database is gone            -> close, and no containers; when its retention ends -> no volume -> report_deleted
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.archive import (
    ARCHIVE_PATH,
    Archive,
    ArchiveContents,
    ArchiveEngine,
    Restore,
    Why,
    drill_due,
    holds_more,
    late_at,
    lost_after,
    restorable_ranges,
)
from domain.archive.backups import Pending
from domain.database import Database
from domain.errors import InUse, PortError, Refused
from domain.ports import Containers, ContainerSpec, Mount, Volumes
from domain.server import Program
from domain.status import SETTLING
from miniaws.application import Cloud
from miniaws.process_managers.archive import due
from miniaws.process_managers.archive.addresses import with_addresses
from miniaws.process_managers.job import run_job
from miniaws.runtime.reconciler import LONG_PASS_S, ReconcileResult, lifecycle

_JOB_S, _MAINTAIN_S, _PROMOTED_S, _TRASHED_S = 0.3, 10.0, 2.0, 10.0
_FOLLOW_MB, _WORK_MB = 128, 512
_SCRATCH = "/scratch"


class ArchiveManager:
    """Reconciles archives with volumes and containers."""

    kind = Archive.KIND
    timeout_s = LONG_PASS_S

    def __init__(
        self, cloud: Cloud, containers: Containers, volumes: Volumes, engines: Mapping[str, ArchiveEngine]
    ) -> None:
        self._cloud = cloud
        self._containers = containers
        self._volumes = volumes
        self._engines = engines
        self._reconciler = lifecycle(cloud, Archive, ensure=self._ensure, remove=self._remove)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one archive."""
        return await self._reconciler.reconcile(resource_id)

    async def _ensure(self, archive: Archive) -> ReconcileResult:
        if archive.expires_at is not None:
            return await self._retain(archive, archive.expires_at)
        fresh = not archive.was_available
        await self._volumes.ensure(archive.public_id, archive.account_id, None, fresh=fresh)
        if fresh:
            await self._report(archive, Archive.report_available)
        database = await self._cloud.load_by_id(Database, archive.database_id)
        if database.status == "deleted":
            return await self._close(archive)
        if database.is_trashed:
            return await self._suspend(archive)
        if database.is_replica:
            return ReconcileResult("waits until its database is promoted", _PROMOTED_S)
        if not database.was_used:
            return ReconcileResult("waits for its database", _JOB_S if database.status in SETTLING else 1.0)
        return await self._archive(archive, database)

    async def _archive(self, archive: Archive, database: Database) -> ReconcileResult:
        """Archive the log of a database that runs, and take the next action that is due."""
        archive = await with_addresses(self._cloud, self._containers, archive, database)
        await self._follow(archive, database)
        if archive.pending is not None:
            return await self._back_up(archive, archive.pending, database)
        if backup_id := self._drill_of(archive):
            return await self._drill(archive, database, backup_id)
        return await self._maintain(archive, database)

    async def _follow(self, archive: Archive, database: Database) -> None:
        part = f"{archive.public_id}.log"
        synchronous = bool(database.settings["synchronous"])
        program = self._engine(archive).follow(
            archive.database_id, await self._admin(archive), synchronous=synchronous
        )
        spec = self._spec(archive, database, part, program)
        container = await self._containers.inspect(part)
        if container is not None and container.program != spec.program:
            # It runs the program of an earlier version of miniaws. The server keeps the log meanwhile.
            await self._containers.stop(part)
            await self._containers.remove(part)
            container = None
        if container is None:
            spec = replace(spec, restart="always", cpus=0.5, memory_mb=_FOLLOW_MB)
            container = await self._containers.ensure(spec)
        if container.state != "running":
            await self._containers.start(part)
        elif container.address != spec.address and spec.address is not None:
            await self._containers.reattach(spec)

    async def _back_up(self, archive: Archive, pending: Pending, database: Database) -> ReconcileResult:
        part = f"{archive.public_id}.base-{pending.id}"
        engine = self._engine(archive)
        program = engine.base(archive.database_id, pending.id, database.data_path, await self._admin(archive))
        spec = self._spec(archive, database, part, program)
        if engine.reads_files and database.volume_id is not None:
            spec = replace(spec, mounts=(*spec.mounts, Mount(database.volume_id, database.data_path)))
        job = await run_job(self._containers, spec)
        if job.is_running:
            return ReconcileResult(f"makes the backup {pending.id}", _JOB_S)
        if job.failure is not None:
            failure = f"cannot make the backup {pending.id}: {job.failure}"
            await self._report(archive, lambda a: a.report_backup_failed(pending.id, failure))
        else:
            made = engine.made(pending.id, job.lines)
            await self._report(
                archive, lambda a: a.report_backup(made.backup, made.began_at, made.position, made.checksum)
            )
        await self._containers.remove(part)
        return ReconcileResult(
            f"made the backup {pending.id}" if job.failure is None else job.failure, _JOB_S
        )

    def _drill_of(self, archive: Archive) -> str | None:
        """Return the backup that is due to be restored as a drill: each new one, and again by schedule."""
        newest = archive.newest
        if newest is None or newest.is_damaged:
            return None
        last = archive.last_drill_at
        return newest.id if drill_due(archive.policy, newest.ended_at, last, self._now()) else None

    async def _drill(self, archive: Archive, database: Database, backup_id: str) -> ReconcileResult:
        part = f"{archive.public_id}.drill-{backup_id}"
        plan = Restore(backup_id, None, is_drill=True)
        program = self._engine(archive).restore(plan, _SCRATCH, await self._admin(archive))
        spec = self._spec(archive, database, part, program)
        began_at = self._now()
        job = await run_job(self._containers, spec)
        if job.is_running:
            return ReconcileResult(f"restores the backup {backup_id} for a trial", _JOB_S)
        if job.failure is not None:
            failure = f"cannot restore the backup {backup_id}: {job.failure}"
            await self._report(archive, lambda a: a.report_drill_failed(backup_id, failure, began_at))
        else:
            steps = [step for line in job.lines if (step := self._engine(archive).step(line))]
            took_s = (steps[-1].at - steps[0].at).total_seconds()
            await self._report(archive, lambda a: a.report_drill(backup_id, self._now(), took_s))
        await self._containers.remove(part)
        return ReconcileResult(f"restored the backup {backup_id} for a trial", _JOB_S)

    async def _maintain(self, archive: Archive, database: Database) -> ReconcileResult:
        """Begin the next backup when it is due, apply the retention, and report what is late."""
        now = self._now()
        await self._sweep(archive)
        held = await self._held(archive)
        lost = lost_after(archive.backups, held) if held is not None else None
        if database.wanted == "running" and not database.is_deleting:
            if lost is not None and due.may_begin_again(archive, now):
                await self._report(archive, lambda a: a.report_late(due.gap(lost)))
                return await self._begin(archive, "again", now)
            if due.is_due(archive, now):
                why = "first" if archive.made == 0 else "again" if archive.failures else "scheduled"
                return await self._begin(archive, why, now)
        if not await self._cloud.ports.store.claims(archive.use_scope):
            archive = await self._report(archive, lambda a: a.drop_expired(now))
            if held is not None and holds_more(held, archive.backups):
                await self._engine(archive).prune(archive.public_id, archive.backups, None)
        if lost is None:
            await self._report_late(archive, database, held, now)
        return ReconcileResult("keeps the archive", 1.0 if database.is_deleting else _MAINTAIN_S)

    async def _held(self, archive: Archive) -> ArchiveContents | None:
        """Return what the archive holds; None while that cannot be read."""
        with contextlib.suppress(PortError):
            return await self._engine(archive).contents(archive.public_id)
        return None

    async def _begin(self, archive: Archive, why: Why, now: datetime) -> ReconcileResult:
        await self._report(archive, lambda a: None if a.pending else _drop(a.request_backup(why, now)))
        return ReconcileResult("begins a backup", 0.0)

    async def _sweep(self, archive: Archive) -> None:
        """Remove the container of a backup or a drill that was reported just before a crash."""
        newest = archive.newest
        parts = [f"base-b{archive.made}"] + ([f"drill-{newest.id}"] if newest else [])
        for part in parts:
            if await self._containers.inspect(f"{archive.public_id}.{part}") is not None:
                await self._containers.remove(f"{archive.public_id}.{part}")

    async def _report_late(
        self, archive: Archive, database: Database, held: ArchiveContents | None, now: datetime
    ) -> None:
        if archive.failures or database.status != "available":
            return
        if archive.last_began_at is not None and now > late_at(archive.policy, archive.last_began_at):
            await self._report(archive, lambda a: a.report_late("no backup was made when one was due"))
            return
        if held is None:
            # Called again to raise the reason.
            held = await self._engine(archive).contents(archive.public_id)
        reached = max((mark.at for mark in held.marks), default=None)
        since = reached or database.started_at or now
        reason = due.hindrance(held, since, now, commits_wait=bool(database.settings["synchronous"]))
        if reason is not None:
            if archive.status != "error":
                await self._report(archive, lambda a: a.report_late(reason))
        elif archive.status == "error" and not any(each.is_damaged for each in archive.backups[-1:]):
            await self._report(archive, Archive.report_available)

    async def _suspend(self, archive: Archive) -> ReconcileResult:
        # First the window, by which it can be restored without its containers. Whoever gets an address of theirs
        # meanwhile is refused by the engine, and tries again.
        if not archive.is_suspended:
            window = await self._window(archive)
            await self._report(archive, lambda a: a.suspend(window))
        await self._remove_parts(archive)
        return ReconcileResult("its database is in the trash", _TRASHED_S)

    async def _close(self, archive: Archive) -> ReconcileResult:
        window = await self._window(archive)
        await self._report(archive, lambda a: a.close(self._now(), window))
        return ReconcileResult("is closed", 0.0)

    async def _window(self, archive: Archive) -> list[dict[str, Any]]:
        """Return the time ranges that can be restored when nothing more is added."""
        if archive.is_suspended:
            return [*archive.window]
        try:
            held = await self._engine(archive).contents(archive.public_id)
            found = restorable_ranges(archive.backups, held)
        except Refused:
            found = []
        return [{"from": each.from_.isoformat(), "to": each.to.isoformat()} for each in found]

    async def _retain(self, archive: Archive, expires_at: datetime) -> ReconcileResult:
        await self._remove_parts(archive)
        left_s = (expires_at - self._now()).total_seconds()
        if left_s > 0:
            return ReconcileResult(
                f"keeps the backups until {expires_at:%Y-%m-%d %H:%M} UTC", min(left_s, 3600.0)
            )
        if await self._cloud.ports.store.claims(archive.use_scope):
            return ReconcileResult("waits for a restore", 1.0)
        await self._report(archive, Archive.delete)
        return ReconcileResult("its time is up", 0.0)

    async def _remove(self, archive: Archive) -> ReconcileResult:
        await self._remove_parts(archive)
        try:
            await self._volumes.remove(archive.public_id)
        except InUse:
            return ReconcileResult("waits for a container to let go of it", 1.0)
        await self._report(archive, Archive.report_deleted)
        return ReconcileResult("removed the archive")

    async def _remove_parts(self, archive: Archive) -> None:
        for part in await self._containers.found():
            if part.resource_id.startswith(f"{archive.public_id}."):
                await self._containers.remove(part.resource_id)

    def _spec(self, archive: Archive, database: Database, part: str, program: Program) -> ContainerSpec:
        addresses = archive.addresses
        follows = part == f"{archive.public_id}.log"
        return ContainerSpec(
            resource_id=part,
            account_id=archive.account_id,
            name=part.partition(".")[2],
            image=archive.image,
            network_id=database.vpc_id,
            generation=1,
            cpus=1.0,
            memory_mb=_WORK_MB,
            restart="never",
            command=program.command,
            environment=program.environment,
            mounts=(Mount(archive.public_id, ARCHIVE_PATH),),
            files=program.files,
            kind="archive",
            keeps_files=False,
            address=None if addresses is None else addresses.receiver if follows else addresses.worker,
        )

    async def _admin(self, archive: Archive) -> str:
        name = f"the password of the archive of {archive.name}"
        return (await self._cloud.secret(archive.admin_id, name)).decode()

    async def _report(self, archive: Archive, decide: Callable[[Archive], None]) -> Archive:
        return await self._reconciler.report(archive, decide)

    def _engine(self, archive: Archive) -> ArchiveEngine:
        return self._engines[archive.engine]

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now().astimezone(UTC)


def _drop(_: object) -> None:
    """Ignore what a command returns."""
