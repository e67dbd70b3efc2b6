"""Wake-ups from outside the log: the engine's events, and a full comparison from time to time."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from domain.errors import PortError
from domain.ports import EngineEvent, EngineWatch
from domain.values import owner
from miniaws.runtime.queue import WorkQueue

_log = structlog.get_logger("wakeups")
_RETRY_S = 1.0


async def resync(queue: WorkQueue, kinds: Sequence[str], every_s: float, wake: Callable[[], None]) -> None:
    """Mark everything that lives, now and every so often: no wake-up is missed for longer than that."""
    await queue.wake_living(list(kinds), hurry=True)
    while True:
        wake()
        await asyncio.sleep(every_s)
        await queue.wake_living(list(kinds), hurry=False)


async def watch(
    engine: EngineWatch,
    queue: WorkQueue,
    kinds: Sequence[str],
    notice: Callable[[EngineEvent], bool],
    wake: Callable[[], None],
) -> None:
    """Mark what the engine says something happened to; when it goes silent, mark everything.

    An engine that does not answer takes its containers with it, so each must be looked at: when it goes and when
    it is back.
    """
    cursor: str | None = None
    while True:
        try:
            async for event in engine.watch(cursor):
                cursor = event.cursor
                parsed = owner(event.resource_id)
                if notice(event) and parsed is not None and event.kind in kinds:
                    await queue.wake(parsed[1], event.kind)
                    wake()
        except PortError as error:
            _log.warning("the engine went silent", why=str(error))
        await queue.wake_living(list(kinds), hurry=True)
        wake()
        await asyncio.sleep(_RETRY_S)
