"""Moves the read models along the log and marks work, a batch at a time.

Reads come first, as managers may read them. What a crash in between leaves unmarked is looked at all the same: whoever
leads next begins with everything that lives.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.store import Recorded
from miniaws.runtime.queue import mark
from projections.inventory import SQL as INVENTORY
from projections.inventory import InventoryProjection

_log = structlog.get_logger("projector")


class Log(Protocol):
    """A connection that reads the log in commit order and wakes up when it grows."""

    connection: AsyncConnection[DictRow]

    def batches(self, after: int) -> AsyncIterator[Sequence[Recorded]]:
        """Yield the events after a position, indefinitely."""
        ...


def _ignore(_: Sequence[Recorded]) -> None:
    """Do nothing."""


class Projector:
    """Follows the log. Runs on the connection that holds the leadership, so that losing one loses both."""

    def __init__(
        self,
        log: Log,
        kinds: Sequence[str],
        on_marked: Callable[[], None],
        on_shown: Callable[[Sequence[Recorded]], None] = _ignore,
    ) -> None:
        """Call ``on_shown`` with events that reads show, and ``on_marked`` when they have marked work."""
        self._log = log
        self._kinds = kinds
        self._on_marked = on_marked
        self._on_shown = on_shown
        self._inventory = InventoryProjection()

    async def run(self) -> None:
        """Follow indefinitely. Raises what the connection raises, and PositionMoved when somebody else projects."""
        position = await self._position()
        async for events in self._log.batches(position):
            await self._inventory.project(self._log.connection, position, events)
            position = events[-1].position
            self._on_shown(events)
            _log.debug("projected", events=len(events), position=position)
            if await mark(self._log.connection, events, self._kinds):
                self._on_marked()

    async def _position(self) -> int:
        cursor = await self._log.connection.execute(INVENTORY["position"])
        row = await cursor.fetchone()
        return row["position"] if row else 0
