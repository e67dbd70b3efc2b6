"""Measures the containers and the host once a second."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.stats import HOST, Sample, Stats
from domain.system import Clock
from domain.values import parse_id
from miniaws.runtime.partitions import beginning
from miniaws.runtime.rates import ContainerRates, Limits, Point
from miniaws.runtime.recorder import CONTAINERS, SECOND, Recorder, next_second
from projections.metrics import HOST_ID, METRICS, SQL, Retention

_LIMITS_S = 10.0
"""How old a limit may be: the type of a resource rarely changes."""


class Collector:
    """Measures what runs. One at a time: it runs where the controller leads.

    The connections of ``pool`` see the read model (``search_path``).
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[DictRow]],
        stats: Stats,
        clock: Clock,
        retention: Retention,
    ) -> None:
        self.recorder = Recorder(pool, CONTAINERS, retention)
        self._pool = pool
        self._stats = stats
        self._clock = clock
        self._rates = ContainerRates()
        self._limits: dict[str, Limits] = {}
        self._limits_at: datetime | None = None

    async def measure_each_second(self) -> None:
        """Measure until that fails; a second that was missed stays missing. Raises PortError, psycopg.Error."""
        last = beginning(self._clock.now(), SECOND)
        while True:
            await next_second(self._clock)
            at = beginning(self._clock.now(), SECOND)
            if at != last:
                last = at
                await self.measure(at)

    async def measure(self, at: datetime) -> int:
        """Write a point for everything that runs at the instant ``at``, and return how many."""
        samples = await self._stats.sample()
        await self._load_limits(samples, at)
        points = self._rates.points(samples, self._limits)
        rows = [(_row_id(point), at, *(getattr(point, name) for name in METRICS)) for point in points]
        await self.recorder.write(at, at, rows)
        return len(points)

    async def _load_limits(self, samples: Iterable[Sample], now: datetime) -> None:
        """Load the limits of new resources, and those of all resources from time to time."""
        if self._limits_at is None or abs((now - self._limits_at).total_seconds()) >= _LIMITS_S:
            self._limits, self._limits_at = {}, now
        unknown: dict[UUID, str] = {}
        for sample in samples:
            if sample.resource_id == HOST:
                self._limits[HOST] = Limits(sample.cpus, sample.memory_limit_bytes)
            elif sample.resource_id not in self._limits and (parsed := parse_id(sample.resource_id)):
                unknown[parsed[1]] = sample.resource_id
        if unknown:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(SQL["limits"], {"ids": list(unknown)}, prepare=True)
                for row in await cursor.fetchall():
                    self._limits[unknown[row["resource_id"]]] = Limits(row["cpus"], row["memory_bytes"])


def _row_id(point: Point) -> UUID:
    parsed = parse_id(point.resource_id)
    return parsed[1] if parsed else HOST_ID
