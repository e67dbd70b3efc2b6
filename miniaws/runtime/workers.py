"""Lets process managers reconcile: N resources at once, never two passes for one resource."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from domain.errors import DomainError, PortError
from domain.machine import Chance
from miniaws import telemetry
from miniaws.runtime.queue import Lease, WorkQueue

_log = structlog.get_logger("workers")
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass did, in one sentence, and after how many seconds it wants another."""

    sentence: str
    again_s: float | None = None


class ProcessManager(Protocol):
    """Brings what is in line with what is wanted, one resource at a time."""

    kind: str

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Converge with idempotent calls and report what happened. Raises PortError when the world does not follow."""
        ...


class Workers:
    """Takes due work and runs passes."""

    def __init__(
        self, queue: WorkQueue, managers: Sequence[ProcessManager], chance: Chance, *, concurrency: int
    ) -> None:
        self._queue = queue
        self._managers: Mapping[str, ProcessManager] = {manager.kind: manager for manager in managers}
        self._chance = chance
        self._concurrency = concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for due work now."""
        self._woken.set()

    async def run(self) -> None:
        """Run passes for ever; on cancellation the running ones are cancelled too."""
        try:
            await self._work()
        except BaseExceptionGroup as group:
            # A pass could not reach the queue. One reason is enough; the others ended for the same one.
            raise group.exceptions[0] from group

    async def _work(self) -> None:
        await self._queue.free()
        async with asyncio.TaskGroup() as passes:
            while True:
                self._woken.clear()
                taken = await self._queue.take(self._concurrency - len(self._running))
                for lease in taken.leases:
                    task = passes.create_task(self._run_pass(lease), name=f"pass-{lease.resource_id}")
                    # Not by resource: its next pass may begin before this task has quite ended.
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                await self._sleep(taken.next_due_s)

    async def _sleep(self, next_due_s: float | None) -> None:
        # When every place is taken, the end of a pass is waited for.
        due = _POLL_S if next_due_s is None or self._is_full() else next_due_s
        if due > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(due, _POLL_S)):
                    await self._woken.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._is_full():
            self._woken.set()
        self._running.discard(task)

    def _is_full(self) -> bool:
        return len(self._running) >= self._concurrency

    async def _run_pass(self, lease: Lease) -> None:
        manager = self._managers[lease.kind]
        try:
            done = await manager.reconcile(lease.resource_id)
        except (PortError, DomainError) as error:
            await self._failed(lease, str(error))
        except Exception as error:  # noqa: BLE001 - one resource's defect must not stop the others
            _log.exception("pass failed", kind=lease.kind, resource=str(lease.resource_id))
            await self._failed(lease, type(error).__name__)
        else:
            telemetry.PASSES.labels(lease.kind, "done").inc()
            _log.info("pass", kind=lease.kind, resource=str(lease.resource_id), did=done.sentence)
            await self._give_back(lease, done.again_s)

    async def _give_back(self, lease: Lease, again_s: float | None) -> None:
        if again_s is not None:
            await self._queue.again(lease, again_s)
        elif not await self._queue.finish(lease):
            return
        self.wake()

    async def _failed(self, lease: Lease, why: str) -> None:
        telemetry.PASSES.labels(lease.kind, "failed").inc()
        backoff = await self._queue.fail(lease, why, self._chance.uuid().int % 1000 / 1000)
        _log.warning(
            "pass failed",
            kind=lease.kind,
            resource=str(lease.resource_id),
            why=why,
            attempt=lease.attempts + 1,
            again_s=round(backoff, 2),
        )
        self.wake()
