"""The collector: once a second it measures everything that runs, and rolls up what it has measured."""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.errors import PortError
from domain.machine import Clock
from domain.ports import HOST, Sample, Stats
from domain.values import parse_id
from miniaws.runtime.partitions import Partitions, beginning
from miniaws.runtime.rates import Limits, Point, Rates
from projections.metrics import HOST_ID, METRICS, SQL, Kept

_log = structlog.get_logger("metrics")
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_AHEAD = timedelta(minutes=10)
_ROLL_UP_S = 10.0
_LIMITS_S = 10.0
"""How old a limit may be: a resource is rarely given another type."""


class Collector:
    """Measures, writes, rolls up. One at a time: it runs where the controller leads.

    The connections of ``pool`` see the read model (``search_path``).
    """

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], stats: Stats, clock: Clock, kept: Kept
    ) -> None:
        self._pool = pool
        self._stats = stats
        self._clock = clock
        self._partitions = Partitions(kept)
        self._rates = Rates()
        self._limits: dict[str, Limits] = {}
        self._asked: datetime | None = None

    async def run(self) -> None:
        """Measure and roll up for ever. What fails is tried again; a second that was missed stays missing."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every_second(), name="measure")
            tasks.create_task(self._keep(), name="roll-up")

    async def measure(self, at: datetime) -> int:
        """Write a point for all that runs under the instant ``at``, and return how many."""
        samples = await self._stats.sample()
        async with self._pool.connection() as connection:
            await self._learn(connection, samples, at)
            points = self._rates.points(samples, self._limits)
            if points:
                await self._partitions.ensure(connection, at, at)
                await _write(connection, at, points)
        return len(points)

    async def roll_up(self, since: datetime, until: datetime) -> None:
        """Compute minutes and hours anew from what they are made of; safe to repeat.

        Minutes are whole from ``since`` on only while their seconds are kept.
        """
        until = max(until, since + _SECOND)
        async with self._pool.connection() as connection:
            await self._partitions.ensure(connection, since, until)
            for unit, span in (("minutes", _MINUTE), ("hours", _HOUR)):
                bounds = {"from": beginning(since, span), "to": beginning(until, span) + span}
                async with connection.transaction():
                    await connection.execute(SQL[f"forget_{unit}"], bounds)
                    await connection.execute(SQL[f"roll_up_{unit}"], bounds)

    async def tidy(self, now: datetime) -> list[str]:
        """Make the partitions that are needed soon, drop those that nobody needs, and return which."""
        async with self._pool.connection() as connection:
            await self._partitions.ensure(connection, now, now + _AHEAD)
            return await self._partitions.drop_old(connection, now)

    async def _every_second(self) -> None:
        last = beginning(self._clock.now(), _SECOND)
        while True:
            now = self._clock.now()
            await asyncio.sleep((beginning(now, _SECOND) + _SECOND - now).total_seconds())
            at = beginning(self._clock.now(), _SECOND)
            if at != last:
                last = at
                await self._tried("measure", self.measure(at))

    async def _keep(self) -> None:
        since: datetime | None = None
        while True:
            now = self._clock.now()
            if await self._tried("roll up", self._catch_up(since, now)):
                since = now - _MINUTE
            await self._tried("tidy", self.tidy(now))
            await asyncio.sleep(_ROLL_UP_S)

    async def _catch_up(self, since: datetime | None, now: datetime) -> None:
        """Roll up from a moment on; at first everything, as the collector before us may not have got so far."""
        await self.roll_up(since or await self._oldest() or now, now)

    async def _oldest(self) -> datetime | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT min(at) AS at FROM metrics_second")
            row = await cursor.fetchone()
            return row["at"] if row else None

    async def _tried(self, what: str, work: Coroutine[Any, Any, object]) -> bool:
        try:
            await work
        except (PortError, psycopg.Error) as error:
            _log.warning("cannot " + what, why=f"{type(error).__name__}: {error}")
            return False
        return True

    async def _learn(
        self, connection: AsyncConnection[DictRow], samples: Iterable[Sample], now: datetime
    ) -> None:
        """Know what everything measured may use: what is new at once, all of it from time to time."""
        if self._asked is None or abs((now - self._asked).total_seconds()) >= _LIMITS_S:
            self._limits, self._asked = {}, now
        unknown: dict[UUID, str] = {}
        for sample in samples:
            if sample.resource_id == HOST:
                self._limits[HOST] = Limits(sample.cpus, sample.memory_limit_bytes)
            elif sample.resource_id not in self._limits and (parsed := parse_id(sample.resource_id)):
                unknown[parsed[1]] = sample.resource_id
        if unknown:
            cursor = await connection.execute(SQL["limits"], {"ids": list(unknown)}, prepare=True)
            for row in await cursor.fetchall():
                self._limits[unknown[row["resource_id"]]] = Limits(row["cpus"], row["memory_bytes"])


async def _write(connection: AsyncConnection[DictRow], at: datetime, points: Iterable[Point]) -> None:
    async with connection.cursor() as cursor, cursor.copy(SQL["copy_seconds"]) as copy:
        for point in points:
            await copy.write_row((_row_id(point), at, *(getattr(point, name) for name in METRICS)))


def _row_id(point: Point) -> UUID:
    parsed = parse_id(point.resource_id)
    return parsed[1] if parsed else HOST_ID
