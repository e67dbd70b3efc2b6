"""Every new event, told to whoever listens in this process: one connection, many listeners."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import structlog
from psycopg import OperationalError

from domain.store import Recorded
from miniaws.runtime.projector import Log

_log = structlog.get_logger("tail")
_RETRY_S = 0.5
Listener = Callable[[Sequence[Recorded]], None]


class Tail:
    """Follows the log from where it is when it starts."""

    def __init__(self, open_log: Callable[[], AbstractAsyncContextManager[Log]], head: int) -> None:
        self._open_log = open_log
        self._position = head
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call the listener with every batch of new events, in order, each once."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow for ever; a lost connection is taken up where it was lost."""
        while True:
            try:
                async with self._open_log() as log:
                    await self._follow(log)
            except OperationalError as error:
                _log.warning("lost the log", why=type(error).__name__)
            await asyncio.sleep(_RETRY_S)

    async def _follow(self, log: Log) -> None:
        async for events in log.batches(self._position):
            self._position = events[-1].position
            for listener in self._listeners:
                listener(events)
