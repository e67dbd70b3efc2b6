"""Tracks the position of the read models by listening to the projector."""

import asyncio
import contextlib
import heapq

from adapters.event_store.follower import Follower


class ProjectedPosition:
    """Follows the projector's notifications. ``run`` must be running for ``wait_for`` to return True."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._position = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    async def run(self) -> None:
        """Listen until the connection is lost; the caller then runs it again."""
        async with Follower(self._conninfo, channel="projected") as follower:
            # After a crash of Postgres, reads may be older than before: the projector does not wait for the disk.
            self._position = 0
            while True:
                # Polled after a silence, in case a notification was lost while reconnecting.
                cursor = await follower.connection.execute("SELECT position FROM read_model.progress")
                row = await cursor.fetchone()
                self._move(row["position"] if row else 0)
                while (text := await follower.wait()) is not None:
                    self._move(int(text))

    async def wait_for(self, position: int, timeout_s: float) -> bool:
        """Return True when reads show the position, False after the timeout."""
        if position <= self._position:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        waiter = (position, self._count, future)
        heapq.heappush(self._waiting, waiter)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await future
        finally:
            # The position does not move without a projector, so callers that timed out would accumulate here.
            if future.cancelled():
                self._waiting.remove(waiter)
                heapq.heapify(self._waiting)
        return position <= self._position

    def _move(self, position: int) -> None:
        self._position = max(self._position, position)
        while self._waiting and self._waiting[0][0] <= self._position:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
