"""Reads the log in commit order and wakes up when it grows."""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from adapters.event_store.store import LOG, recorded
from domain.store import Recorded

_CHANNEL_EVENTS = "events"


class Follower:
    """A listening connection; an asynchronous context manager."""

    def __init__(
        self, conninfo: str, *, channel: str = _CHANNEL_EVENTS, batch: int = 500, poll_s: float = 1.0
    ) -> None:
        self._conninfo = conninfo
        self._channel = channel
        self._batch = batch
        self._poll_s = poll_s
        self.connection: psycopg.AsyncConnection[DictRow]
        """The connection, while connected; for queries in the same session."""

    async def __aenter__(self) -> Self:
        """Connect and listen. Listening starts before the first read, so that no event is missed in between."""
        self.connection = await psycopg.AsyncConnection[DictRow].connect(
            self._conninfo,
            autocommit=True,
            row_factory=dict_row,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
        try:
            await self.connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
        except BaseException:
            await self.connection.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self.connection.close()

    async def read(self, after: int) -> Sequence[Recorded]:
        """Return the next events after a position, at most one batch."""
        cursor = await self.connection.execute(
            LOG + " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
            (after, self._batch),
            prepare=True,
        )
        return [recorded(row) for row in await cursor.fetchall()]

    async def wait(self) -> str | None:
        """Return the newest payload after a notification, or None after the polling interval.

        psycopg keeps notifications that arrive between two waits; those that arrive in one packet must all be taken
        in one wait, or they are lost. Polling is a fallback.
        """
        newest: str | None = None
        async for notification in self.connection.notifies(timeout=self._poll_s, stop_after=1):
            newest = notification.payload
        return newest

    async def batches(self, after: int) -> AsyncIterator[Sequence[Recorded]]:
        """Yield events after a position, endlessly."""
        while True:
            events = await self.read(after)
            if events:
                after = events[-1].position
                yield events
            if len(events) < self._batch:
                await self.wait()
