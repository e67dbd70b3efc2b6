"""With many lost connections and many events, each client receives exactly the log."""

import asyncio
import random

from tests.http.conftest import Api
from tests.http.following import ExitHistory, ReplicationSource
from tests.http.writing import Writer
from tests.samples import sample

CLIENTS = 5
CUTS = sample(100, 1000)
EVENTS = 10 * CUTS
PACE_S = 0.1
"""Pause between two saves of a hundred events, so that writing lasts as long as the interruptions."""


class Reader:
    """A client with a bad connection: it reads, loses the connection and resumes until it has everything."""

    def __init__(self, followed: ReplicationSource, start: int, seed: int) -> None:
        self._followed = followed
        self._luck = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._last = start
        self.got: list[int] = []
        self.cuts = 0

    async def read(self, until: int, cuts: int) -> None:
        """Read up to a position, with a minimum number of lost connections."""
        while self._last < until or self.cuts < cuts:
            # What came last before a cut is what a client resumes after.
            patience = self._luck.randrange(1, 40) if self.cuts < cuts else EVENTS
            await self._read_a_little(patience, until)
            self.cuts += 1

    async def _read_a_little(self, patience: int, until: int) -> None:
        way = self._followed.sse if self._luck.random() < 0.5 else self._followed.socket
        async with way(f"?include=events&from={self._last}") as stream:
            if self._last < until:
                async for message in stream.messages():
                    patience -= self._take(message)
                    if patience <= 0 or self._last >= until:
                        break
            stream.cut()

    def _take(self, message: ExitHistory) -> int:
        if message.position is None:
            return 0
        self.got.append(message.position)
        self._last = message.position
        return 1


async def test_the_pieces_of_many_cut_connections_are_the_log(api: Api) -> None:
    writer = Writer(api.cloud)
    await writer.begin(10)
    start = await api.cloud.ports.store.head()
    readers = [Reader(api.followed, start, seed) for seed in range(CLIENTS)]
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(writer.write(EVENTS, pace_s=PACE_S))
        # Their events have consecutive positions: nobody else writes, and no save fails.
        for reader in readers:
            tasks.create_task(reader.read(start + EVENTS, CUTS // CLIENTS))
        await writing
    rows = await api.cloud.ports.inventory.rows(
        "SELECT notification_id AS position FROM events WHERE notification_id > %(start)s ORDER BY 1",
        start=start,
    )
    log = [row["position"] for row in rows]
    assert len(log) == EVENTS
    assert sum(reader.cuts for reader in readers) >= CUTS
    for reader in readers:
        assert reader.got == log
