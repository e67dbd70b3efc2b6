"""Wake-ups from outside the log: the engine's events, and a full comparison from time to time."""

import asyncio
from collections.abc import Callable, Sequence

from domain.errors import Unreachable
from domain.ports import EngineEvent, EngineWatch
from domain.values import owner
from miniaws.runtime.queue import WorkQueue


async def resync(queue: WorkQueue, kinds: Sequence[str], every_s: float, wake: Callable[[], None]) -> None:
    """Mark every resource, now and every ``every_s`` seconds, in case an event was missed."""
    await queue.wake_all(list(kinds), urgent=True)
    while True:
        wake()
        await asyncio.sleep(every_s)
        await queue.wake_all(list(kinds), urgent=False)


class Watcher:
    """Marks the resources of the engine's events."""

    def __init__(
        self,
        engine: EngineWatch,
        queue: WorkQueue,
        kinds: Sequence[str],
        notice: Callable[[EngineEvent], bool],
        wake: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._kinds = kinds
        self._notice = notice
        self._wake = wake
        self._cursor: str | None = None

    async def run(self) -> None:
        """Watch until the stream ends, and then mark everything; a restart continues after the last event.

        An engine that does not answer takes its containers with it, so each must be looked at: when it goes and when
        it is back. Raises Unreachable.
        """
        try:
            async for event in self._engine.watch(self._cursor):
                self._cursor = event.cursor
                await self._mark(event)
        except Exception:
            await self._mark_everything()
            raise
        await self._mark_everything()
        raise Unreachable("cannot watch: the engine has ended the stream of its events")

    async def _mark_everything(self) -> None:
        await self._queue.wake_all(list(self._kinds), urgent=True)
        self._wake()

    async def _mark(self, event: EngineEvent) -> None:
        parsed = owner(event.resource_id)
        if self._notice(event) and parsed is not None and event.kind in self._kinds:
            await self._queue.wake(parsed[1], event.kind)
            self._wake()
