"""The stage that makes the files of a database from an archive; afterwards its server starts like any other.

wait for network, volume, archive -> start the program -> report each step -> report_restored -> remove the program

Every pass looks at the program's container: dying anywhere repeats at most the report.
"""

from collections.abc import Awaitable, Callable, Mapping

from domain.archive import ARCHIVE_PATH, ArchiveEngine, Restore
from domain.database import Database
from domain.errors import Refused
from domain.ports import Containers, ContainerSpec, Mount
from miniaws.application import Cloud
from miniaws.commands.archive import admin_password
from miniaws.process_managers.database.files import files_spec
from miniaws.process_managers.job import run_job
from miniaws.process_managers.server import ServerAccess
from miniaws.runtime.reconciler import ReconcileResult

_JOB_S = 0.2


class RestoreStage:
    """Restores databases that were created from an archive."""

    def __init__(
        self,
        cloud: Cloud,
        containers: Containers,
        archives: Mapping[str, ArchiveEngine],
        access: ServerAccess[Database],
        missing: Callable[[Database], Awaitable[str | None]],
    ) -> None:
        """``missing`` returns what the database needs that is still being created."""
        self._cloud = cloud
        self._containers = containers
        self._archives = archives
        self._access = access
        self._missing = missing

    async def run(self, database: Database) -> ReconcileResult | None:
        """Restore the database. Raises Refused when its program fails."""
        if not database.is_restoring or database.is_deleting:
            return None
        if missing := await self._missing(database):
            return ReconcileResult(f"waits for {missing}", _JOB_S)
        spec = await self._spec(database)
        job = await run_job(self._containers, spec)
        steps = [step for line in job.lines if (step := self._archives[database.engine].step(line))]
        if steps:
            await self._access.report(database, lambda d: d.report_restoring(steps[-1].name))
        if job.is_running:
            return ReconcileResult("makes its files from the archive", _JOB_S)
        if job.failure is not None:
            # The next pass starts the program again, from an empty directory.
            await self._containers.remove(spec.resource_id)
            raise Refused(f"cannot restore it: {job.failure}")
        took_s = (steps[-1].at - steps[0].at).total_seconds()
        await self._access.report(database, lambda d: d.report_restored(steps[-1].reached, took_s))
        await self._containers.remove(spec.resource_id)
        return ReconcileResult("made its files from the archive", 0.0)

    async def _spec(self, database: Database) -> ContainerSpec:
        origin = database.restoration
        if origin is None:
            raise Refused(f"cannot restore {database.name}: it was not created from an archive")
        plan = Restore(origin.backup_id, origin.to, is_latest=origin.is_latest)
        password = await admin_password(self._cloud, database)
        program = self._archives[database.engine].restore(plan, database.data_path, password)
        return files_spec(database, "restore", program, Mount(origin.archive_id, ARCHIVE_PATH))
