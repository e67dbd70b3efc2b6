"""The stage that copies the files of a replica from its source; afterwards its server starts and follows the source.

wait for network and volume -> the source admits the replica -> start the program -> remove it -> report_copied

A pass that is cut off before the report copies again, from an empty directory.
"""

from collections.abc import Awaitable, Callable, Mapping

from domain.archive import ArchiveEngine
from domain.database import Database
from domain.errors import Refused
from domain.ports import Containers
from miniaws.process_managers.database.files import files_spec
from miniaws.process_managers.database.replicas import Replicas
from miniaws.process_managers.job import run_job
from miniaws.process_managers.server import ServerAccess
from miniaws.runtime.reconciler import ReconcileResult

_JOB_S = 0.2


class CopyStage:
    """Copies the files of replicas that have none, or have fallen behind too far."""

    def __init__(
        self,
        containers: Containers,
        archives: Mapping[str, ArchiveEngine],
        replicas: Replicas,
        access: ServerAccess[Database],
        missing: Callable[[Database], Awaitable[str | None]],
    ) -> None:
        """``missing`` returns what the replica needs that is still being created."""
        self._containers = containers
        self._archives = archives
        self._replicas = replicas
        self._access = access
        self._missing = missing

    async def run(self, replica: Database) -> ReconcileResult | None:
        """Copy the source. Raises Unreachable when it does not answer, Refused when the program fails."""
        if not replica.is_copying or replica.is_deleting:
            return None
        if missing := await self._missing(replica):
            return ReconcileResult(f"waits for {missing}", _JOB_S)
        program_id = f"{replica.public_id}.copy"
        if await self._containers.inspect(program_id) is None:
            # The server of a replica that has fallen behind too far still has a container.
            await self._containers.remove(replica.public_id)
            await self._replicas.admit(replica)
        program = await self._replicas.copy_program(replica)
        job = await run_job(self._containers, files_spec(replica, "copy", program))
        if job.is_running:
            return ReconcileResult("copies its source", _JOB_S)
        # Before the report: otherwise a pass that is cut off in between would leave the container behind.
        await self._containers.remove(program_id)
        if job.failure is not None:
            raise Refused(f"cannot copy its source: {job.failure}")
        steps = [step for line in job.lines if (step := self._archives[replica.engine].step(line))]
        took_s = (steps[-1].at - steps[0].at).total_seconds()
        await self._access.report(replica, lambda r: r.report_copied(took_s))
        return ReconcileResult("copied its source", 0.0)
