"""Keeps a real server for every database; how is said in ``process_managers/server.py``.

What a database adds: its files may first be made from an archive, its account of our own sets it up, and it waits for
its last backup before it goes.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from domain.archive import ARCHIVE_PATH, Archive, ArchiveEngine, Restore, archive_uuid
from domain.database import Database, DatabaseClient
from domain.errors import PortError, Refused
from domain.ports import Containers, ContainerSpec, Mount
from domain.server import Endpoint
from miniaws.application import Cloud
from miniaws.process_managers.job import Job, work_on
from miniaws.process_managers.server import ServerManager
from miniaws.runtime.workers import Pass

_SOON_S = 0.2
_RESTORE_MB = 512


class DatabaseManager(ServerManager[Database]):
    """Reconciles databases with containers."""

    def __init__(
        self,
        cloud: Cloud,
        containers: Containers,
        clients: Mapping[str, DatabaseClient],
        archives: Mapping[str, ArchiveEngine],
    ) -> None:
        super().__init__(cloud, containers, Database, clients)
        self._databases = clients
        self._archives = archives

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one database in line."""
        database = await self._cloud.load_by_id(Database, resource_id)
        if database.is_deleting and database.status != "deleted":
            archive = await self._archive(database)
            if archive.pending is not None and archive.pending.why == "final" and database.is_up:
                return Pass("waits for its last backup", _SOON_S)
            await self._containers.remove(f"{database.public_id}.restore")
        elif database.is_restoring:
            try:
                return await self._restore(database)
            except PortError as error:
                await self._report_failed(resource_id, error)
                raise
        return await super().reconcile(resource_id)

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
        return ContainerSpec(
            resource_id=f"{database.public_id}.restore",
            account_id=database.account_id,
            name=f"{database.name}-restore"[-63:],
            image=database.image,
            network_id=database.vpc_id,
            generation=1,
            cpus=max(database.cpus, 1.0),
            memory_mb=max(database.memory_mb, _RESTORE_MB),
            restart="never",
            command=program.command,
            environment=program.environment,
            mounts=(
                Mount(database.volume_id or "", database.data_path),
                Mount(database.restored_from["archive_id"], ARCHIVE_PATH),
            ),
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
        files = self._databases[wanted.engine].files(await self._admin(wanted))
        mounts = (*spec.mounts, Mount(wanted.archive_id, ARCHIVE_PATH))
        return replace(spec, files={**spec.files, **files}, mounts=mounts)

    async def _set_up(self, wanted: Database, at: Endpoint) -> None:
        if wanted.status != "available":
            password, admin = await self._secret(wanted.login_id), await self._admin(wanted)
            done = await self._databases[wanted.engine].administer(wanted, at, admin, password)
            await self._report(wanted, lambda d: d.report_prepared(done.server, done.pending_restart))
        await super()._set_up(wanted, at)

    async def _archive(self, database: Database) -> Archive:
        return await self._cloud.load_by_id(Archive, archive_uuid(database.public_id))

    async def _admin(self, database: Database) -> str:
        return await self._secret((await self._archive(database)).admin_id)
