"""Keeps a real server for every database; how is said in ``process_managers/server.py``.

What a database adds: its files may first be made from an archive, its account of our own sets it up, and it waits for
its last backup before it goes.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from domain.aggregate import Aggregate
from domain.archive import ARCHIVE_PATH, Archive, ArchiveEngine, Restore, archive_uuid
from domain.database import Database, DatabaseClient, Replicator
from domain.errors import PortError, Refused
from domain.ports import Containers, ContainerSpec, Mount
from domain.server import Endpoint, Program
from miniaws.application import Cloud
from miniaws.process_managers.database.replicas import Replicas
from miniaws.process_managers.job import Job, work_on
from miniaws.process_managers.server import ServerManager
from miniaws.runtime.workers import Pass

_SOON_S, _LOOK_S = 0.2, 10.0
_RESTORE_MB = 512


class DatabaseManager(ServerManager[Database]):
    """Reconciles databases with containers."""

    def __init__(
        self,
        cloud: Cloud,
        containers: Containers,
        clients: Mapping[str, DatabaseClient],
        archives: Mapping[str, ArchiveEngine],
        replicators: Mapping[str, Replicator],
    ) -> None:
        super().__init__(cloud, containers, Database, clients)
        self._replicas = Replicas(cloud, replicators, archives, self._cause)
        self._replicators = replicators
        self._databases = clients
        self._archives = archives

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one database in line."""
        database = await self._cloud.load_by_id(Database, resource_id)
        if database.is_deleting and database.status != "deleted":
            archive = await self._archive(database)
            if archive.pending is not None and archive.pending.why == "final" and database.is_up:
                return Pass("waits for its last backup", _SOON_S)
            for part in ("restore", "copy"):
                await self._containers.remove(f"{database.public_id}.{part}")
        elif database.is_restoring or database.is_copying:
            try:
                return await (self._restore(database) if database.is_restoring else self._copy(database))
            except PortError as error:
                await self._report_failed(resource_id, error)
                raise
        return await super().reconcile(resource_id)

    async def _copy(self, replica: Database) -> Pass:
        """Have its source admit it and make its files, then let it be a server that follows."""
        if missing := await self._still_creating(replica):
            return Pass(f"waits for {missing}", _SOON_S)
        part = f"{replica.public_id}.copy"
        if await self._containers.inspect(part) is None:
            # There is one when what it had is outdated.
            await self._containers.remove(replica.public_id)
            await self._replicas.admit(replica)
        program = await self._replicas.program(replica)
        job = await work_on(self._containers, self._making(replica, "copy", program))
        if job.is_running:
            return Pass("copies its source", _SOON_S)
        # Before it is reported: whatever is cut off here is copied once more, and leaves nothing behind.
        await self._containers.remove(part)
        if job.failure is not None:
            raise Refused(f"cannot copy its source: {job.failure}")
        await self._replicas.report_copied(replica, job.lines)
        return Pass("copied its source", 0.0)

    async def _restore(self, database: Database) -> Pass:
        """Make its files, then let it be a server like others."""
        if missing := await self._still_creating(database):
            return Pass(f"waits for {missing}", _SOON_S)
        spec = await self._restoring(database)
        job = await work_on(self._containers, spec)
        steps = [step for line in job.lines if (step := self._archives[database.engine].step(line))]
        if steps:
            await self._report(database, lambda d: d.report_restoring(steps[-1].name))
        if job.is_running:
            return Pass("makes its files from the archive", _SOON_S)
        await self._refuse_if_failed(database, job)
        took_s = (steps[-1].at - steps[0].at).total_seconds()
        reached = steps[-1].reached
        await self._report(database, lambda d: d.report_restored(reached, took_s))
        await self._containers.remove(spec.resource_id)
        return Pass("made its files from the archive", 0.0)

    async def _refuse_if_failed(self, database: Database, job: Job) -> None:
        if job.failure is not None:
            # The next pass begins anew: the program starts from an empty directory.
            await self._containers.remove(f"{database.public_id}.restore")
            raise Refused(f"cannot restore it: {job.failure}")

    async def _restoring(self, database: Database) -> ContainerSpec:
        assert database.restored_from is not None  # noqa: S101 - it is being restored
        wish = Restore(
            database.restored_from["backup_id"], database.restore_to, is_latest=database.restores_latest
        )
        program = self._archives[database.engine].restore(
            wish, database.data_path, await self._admin(database)
        )
        spec = self._making(database, "restore", program)
        return replace(spec, mounts=(*spec.mounts, Mount(database.restored_from["archive_id"], ARCHIVE_PATH)))

    def _making(self, database: Database, what: str, program: Program) -> ContainerSpec:
        """Return a container that makes the files of a database."""
        return ContainerSpec(
            resource_id=f"{database.public_id}.{what}",
            account_id=database.account_id,
            name=f"{database.name}-{what}"[-63:],
            image=database.image,
            network_id=database.vpc_id,
            generation=1,
            cpus=max(database.cpus, 1.0),
            memory_mb=max(database.memory_mb, _RESTORE_MB),
            restart="never",
            command=program.command,
            environment=program.environment,
            mounts=(Mount(database.volume_id or "", database.data_path),),
            files=program.files,
            kind="database",
            keeps_files=False,
        )

    async def _still_creating(self, wanted: Database) -> str | None:
        missing = await super()._still_creating(wanted)
        if missing is None and not (await self._archive(wanted)).was_available:
            return "its archive"
        return missing

    async def _spec(self, wanted: Database) -> ContainerSpec:
        spec = await super()._spec(wanted)
        files = {**spec.files, **self._databases[wanted.engine].files(await self._admin(wanted))}
        if wanted.is_replica:
            files |= await self._replicas.files(wanted)
        return replace(spec, files=files, mounts=(*spec.mounts, Mount(wanted.archive_id, ARCHIVE_PATH)))

    async def _set_up(self, wanted: Database, at: Endpoint) -> float | None:
        if wanted.is_promoting:
            wanted = await self._replicas.promote(wanted, at, await self._admin(wanted))
        if wanted.is_replica:
            return await self._set_up_replica(wanted, at)
        admin = await self._admin(wanted)
        if wanted.status != "available":
            await self._prepare(wanted, at, admin)
        again_s = await super()._set_up(wanted, at)
        for released in wanted.leaving:
            await self._replicas.dismiss(wanted, at, admin, released)
        return again_s

    async def _prepare(self, wanted: Database, at: Endpoint, admin: str) -> None:
        replicator = self._replicators.get(wanted.engine)
        if replicator is not None and not wanted.was_available:
            # It may have begun with the files of another one, which others follow.
            await replicator.dismiss(at, admin, None)
        password = await self._secret(wanted.login_id)
        done = await self._databases[wanted.engine].administer(wanted, at, admin, password)
        await self._report(wanted, lambda d: d.report_prepared(done.server, done.pending_restart))

    async def _set_up_replica(self, wanted: Database, at: Endpoint) -> float:
        used = await self._replicas.keep(wanted, at)
        if used is None:
            return 0.0
        await self._report_used(used)
        return _LOOK_S

    async def _company(self, server: Database) -> list[Aggregate]:
        return await self._replicas.released(server) if server.is_replica else []

    async def _archive(self, database: Database) -> Archive:
        return await self._cloud.load_by_id(Archive, archive_uuid(database.public_id))

    async def _admin(self, database: Database) -> str:
        return await self._secret((await self._archive(database)).admin_id)
