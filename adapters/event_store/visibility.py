"""Knows how far the read models have come, by listening to the projector."""

import asyncio
import contextlib
import heapq

import psycopg
import structlog

from adapters.event_store.follower import Follower

_log = structlog.get_logger("visibility")
_RETRY_S = 0.5


class ProjectedPosition:
    """Follows the projector's notifications. ``run`` must be running for ``wait_for`` to return True."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._position = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    async def run(self) -> None:
        """Listen for ever; reconnect when the connection is lost."""
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError as error:
                _log.warning("lost the projector", why=type(error).__name__)
            await asyncio.sleep(_RETRY_S)

    async def wait_for(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as reads show the position, False after the timeout."""
        if position <= self._position:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (position, self._count, future))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await future
        return position <= self._position

    async def _listen(self) -> None:
        async with Follower(self._conninfo, channel="projected") as follower:
            # After a crash of Postgres reads may be behind what they showed: the projector does not wait for the disk.
            self._position = 0
            while True:
                # Asked anew after silence, in case a notification was lost with a connection in between.
                cursor = await follower.connection.execute("SELECT position FROM read_model.progress")
                row = await cursor.fetchone()
                self._move(row["position"] if row else 0)
                while (text := await follower.wait()) is not None:
                    self._move(int(text))

    def _move(self, position: int) -> None:
        self._position = max(self._position, position)
        while self._waiting and self._waiting[0][0] <= self._position:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
