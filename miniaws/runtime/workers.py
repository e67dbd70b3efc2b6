"""Lets process managers reconcile: N resources at once, never two passes for one resource."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from domain.errors import DomainError, ImagePending, PortError
from domain.system import RandomSource
from miniaws import telemetry
from miniaws.runtime.queue import Lease, WorkQueue
from miniaws.runtime.reconciler import ReconcileResult

_log = structlog.get_logger("workers")
_POLL_S = 1.0
_IMAGE_S = 1.0
"""The next pass follows this long after one that waits for an image."""


class ProcessManager(Protocol):
    """Reconciles the actual state with the desired state, one resource at a time."""

    kind: str
    timeout_s: float
    """How long a pass may run: longer than its longest call may take."""

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Converge with idempotent calls and report what happened. Raises PortError when an external call fails."""
        ...


class Workers:
    """Takes due work and runs passes."""

    def __init__(
        self,
        queue: WorkQueue,
        managers: Sequence[ProcessManager],
        random: RandomSource,
        *,
        concurrency: int,
    ) -> None:
        self._queue = queue
        self._managers: Mapping[str, ProcessManager] = {manager.kind: manager for manager in managers}
        self._random = random
        self._concurrency = concurrency
        self._running: dict[asyncio.Task[None], Lease] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for due work now."""
        self._woken.set()

    async def run(self) -> None:
        """Run passes indefinitely; on cancellation the running ones are cancelled too."""
        try:
            await self._work()
        except BaseExceptionGroup as group:
            # A pass could not reach the queue. One reason is enough; the others ended for the same one.
            raise group.exceptions[0] from group

    async def _work(self) -> None:
        await self._queue.free()
        async with asyncio.TaskGroup() as passes:
            passes.create_task(self._renew(), name="renew-leases")
            while True:
                self._woken.clear()
                taken = await self._queue.take(self._concurrency - len(self._running))
                for lease in taken.leases:
                    task = passes.create_task(self._run_pass(lease), name=f"pass-{lease.resource_id}")
                    # Not by resource: its next pass may begin before this task has quite ended.
                    self._running[task] = lease
                    task.add_done_callback(self._ended)
                await self._sleep(taken.next_due_s)

    async def _renew(self) -> None:
        """Keep the leases of passes that run: a slow one is not run a second time beside itself."""
        while True:
            await asyncio.sleep(self._queue.lease_s / 3)
            if self._running:
                await self._queue.renew(self._running.values())

    async def _sleep(self, next_due_s: float | None) -> None:
        # At full concurrency, wait for the end of a pass.
        due = _POLL_S if next_due_s is None or self._is_full() else next_due_s
        if due > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(due, _POLL_S)):
                    await self._woken.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._is_full():
            self._woken.set()
        self._running.pop(task, None)

    def _is_full(self) -> bool:
        return len(self._running) >= self._concurrency

    async def _run_pass(self, lease: Lease) -> None:
        manager = self._managers.get(lease.kind)
        if manager is None:
            # Another version has left it here: what it means is for that version to say.
            await self._failed(
                lease, f"cannot reconcile the kind {lease.kind}: this version does not know it"
            )
            return
        limit = asyncio.timeout(manager.timeout_s)
        try:
            async with limit:
                done = await manager.reconcile(lease.resource_id)
        except ImagePending as error:
            _log.info("pass waits", kind=lease.kind, resource=str(lease.resource_id), why=str(error))
            await self._release(lease, _IMAGE_S)
        except TimeoutError as error:
            reason = f"cannot finish within {manager.timeout_s:g} s: the pass was cut off"
            await self._failed(lease, reason if limit.expired() else type(error).__name__)
        except (PortError, DomainError) as error:
            await self._failed(lease, str(error))
        except Exception as error:  # noqa: BLE001 - one resource's defect must not stop the others
            _log.exception("pass failed", kind=lease.kind, resource=str(lease.resource_id))
            await self._failed(lease, type(error).__name__)
        else:
            telemetry.PASSES.labels(lease.kind, "done").inc()
            _log.info("pass", kind=lease.kind, resource=str(lease.resource_id), did=done.sentence)
            await self._release(lease, done.requeue_after_s)

    async def _release(self, lease: Lease, requeue_after_s: float | None) -> None:
        if requeue_after_s is not None:
            await self._queue.release(lease, requeue_after_s)
        elif not await self._queue.finish(lease):
            return
        self.wake()

    async def _failed(self, lease: Lease, why: str) -> None:
        telemetry.PASSES.labels(lease.kind, "failed").inc()
        backoff = await self._queue.fail(lease, why, self._random.uuid().int % 1000 / 1000)
        _log.warning(
            "pass failed",
            kind=lease.kind,
            resource=str(lease.resource_id),
            why=why,
            attempt=lease.attempts + 1,
            requeue_after_s=round(backoff, 2),
        )
        self.wake()
