"""Records measured points: writes those of each second, rolls them up, and drops expired ones.

There is one recorder per source of points; what differs between them is their ``Series``.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from domain.system import Clock
from miniaws.runtime.partitions import Partitions, Table, beginning
from projections import metrics, traffic
from projections.metrics import Retention

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
_AHEAD = timedelta(minutes=10)
_ROLL_UP_S = 10.0
_UNITS = {"minute": MINUTE, "hour": HOUR}


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one source: a table per resolution, and the queries that write them."""

    name: str
    queries: Mapping[str, LiteralString]
    """``copy_seconds``, and per unit ``forget_…s`` and ``roll_up_…s``."""
    units: Sequence[str]
    """What seconds are rolled up to, the finest first."""

    def tables(self, retention: Retention) -> list[Table]:
        """Return its tables, the finest first."""
        found = {
            "second": Table(f"{self.name}_second", HOUR, retention.second),
            "minute": Table(f"{self.name}_minute", timedelta(days=1), retention.minute),
            "hour": Table(f"{self.name}_hour", timedelta(days=30), retention.hour),
        }
        return [found[unit] for unit in ("second", *self.units)]


CONTAINERS = Series("metrics", metrics.SQL, ("minute", "hour"))
PROXIES = Series("traffic", traffic.SQL, ("minute",))


class Recorder:
    """Keeps the points of one series. One at a time: it runs where the controller leads."""

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], series: Series, retention: Retention
    ) -> None:
        self._pool = pool
        self._series = series
        self._partitions = Partitions(series.tables(retention))
        self._rolled_up: datetime | None = None

    async def write(self, since: datetime, until: datetime, rows: Sequence[Sequence[Any]]) -> None:
        """Write the rows of points from ``since`` to ``until``. Raises psycopg.Error."""
        if not rows:
            return
        async with self._pool.connection() as connection:
            await self._partitions.ensure(connection, since, until)
            async with (
                connection.cursor() as cursor,
                cursor.copy(self._series.queries["copy_seconds"]) as copy,
            ):
                for row in rows:
                    await copy.write_row(row)

    async def maintain(self, now: datetime) -> None:
        """Roll up what was written since the last time, and drop what has expired. Raises psycopg.Error."""
        # At first everything that exists: an earlier recorder may not have rolled all of it up.
        await self.roll_up(self._rolled_up or await self._oldest() or now, now)
        self._rolled_up = now - MINUTE
        await self.tidy(now)

    async def roll_up(self, since: datetime, until: datetime) -> None:
        """Compute minutes and hours again from what they are made of; safe to repeat.

        Minutes are complete from ``since`` on only while their seconds are kept.
        """
        until = max(until, since + SECOND)
        async with self._pool.connection() as connection:
            await self._partitions.ensure(connection, since, until)
            for unit in self._series.units:
                span = _UNITS[unit]
                bounds = {"from": beginning(since, span), "to": beginning(until, span) + span}
                async with connection.transaction():
                    await connection.execute(self._series.queries[f"forget_{unit}s"], bounds)
                    await connection.execute(self._series.queries[f"roll_up_{unit}s"], bounds)

    async def tidy(self, now: datetime) -> list[str]:
        """Create the partitions that are needed soon, drop the expired ones, and return their names."""
        async with self._pool.connection() as connection:
            await self._partitions.ensure(connection, now, now + _AHEAD)
            return await self._partitions.drop_old(connection, now)

    async def _oldest(self) -> datetime | None:
        query = SQL("SELECT min(at) AS at FROM {}").format(Identifier(f"{self._series.name}_second"))
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query)).fetchone()
            return row["at"] if row else None


async def maintain_forever(clock: Clock, recorders: Sequence[Recorder]) -> None:
    """Roll up and drop expired points until that fails; a restart continues. Raises psycopg.Error."""
    while True:
        for recorder in recorders:
            await recorder.maintain(clock.now())
        await asyncio.sleep(_ROLL_UP_S)


async def next_second(clock: Clock) -> None:
    """Wait for the next full second, so that none is left without a point because measuring takes time."""
    now = clock.now()
    await asyncio.sleep((beginning(now, SECOND) + SECOND - now).total_seconds())
