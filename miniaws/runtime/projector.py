"""Moves the read models along the log and marks work, both in one transaction per batch."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.store import Recorded
from miniaws import telemetry
from miniaws.runtime.queue import mark
from projections.inventory import SQL as INVENTORY
from projections.inventory import InventoryProjection

_log = structlog.get_logger("projector")


class Log(Protocol):
    """A connection that reads the log in commit order and wakes up when it grows."""

    connection: AsyncConnection[DictRow]

    async def read(self, after: int) -> Sequence[Recorded]:
        """Return the next events after a position."""
        ...

    async def wait(self) -> str | None:
        """Return when the log may have grown."""
        ...


class Projector:
    """Follows the log. Runs on the connection that holds the leadership, so that losing one loses both."""

    def __init__(self, log: Log, kinds: Sequence[str], on_marked: Callable[[], None]) -> None:
        self._log = log
        self._kinds = kinds
        self._on_marked = on_marked
        self._inventory = InventoryProjection()

    async def run(self) -> None:
        """Follow for ever. Raises what the connection raises, and PositionMoved when somebody else projects."""
        position = await self._position()
        while True:
            events = await self._log.read(position)
            if not events:
                telemetry.PROJECTION_LAG_EVENTS.set(0)
                await self._log.wait()
                continue
            await self._project(position, events)
            position = events[-1].position
            self._on_marked()

    async def _project(self, position: int, events: Sequence[Recorded]) -> None:
        connection = self._log.connection
        # In a pipeline, so that a batch costs a few round trips whatever it writes.
        async with connection.pipeline(), connection.transaction():
            await self._inventory.project(connection, position, events)
            await mark(connection, events, self._kinds)
            await connection.execute(
                "SELECT pg_notify('projected', %s)", (str(events[-1].position),), prepare=True
            )
        _log.debug("projected", events=len(events), position=events[-1].position)

    async def _position(self) -> int:
        cursor = await self._log.connection.execute(INVENTORY["position"])
        row = await cursor.fetchone()
        return row["position"] if row else 0
