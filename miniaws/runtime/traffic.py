"""Looks at every proxy once a second: wakes its balancer when something changed, and writes what it did.

Counters begin anew in each run of a proxy: two samples of one run give a point, anything else gives none.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.errors import PortError
from domain.load_balancer import LoadBalancer
from domain.load_balancer.proxy import Proxies, SeenProxy, Traffic
from domain.machine import Clock
from domain.values import parse_id
from miniaws.runtime.partitions import beginning
from miniaws.runtime.queue import WorkQueue
from projections.metrics import Kept
from projections.traffic import SQL, TRAFFIC, WHOLE

_log = structlog.get_logger("traffic")
_SECOND = timedelta(seconds=1)
_LONGEST_S = 10.0
"""Between samples further apart, nobody knows when what was counted happened."""
_ROLL_UP = timedelta(seconds=10)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a balancer or target has done up to an instant."""

    at: datetime
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Rates:
    """What a balancer or target did in a second."""

    requests_per_s: float
    responses_4xx_per_s: float
    responses_5xx_per_s: float
    errors_per_s: float
    bytes_in_per_s: float
    bytes_out_per_s: float
    latency_ms: float | None
    sessions: int


class TrafficCollector:
    """Looks, wakes, writes. One at a time: it runs where the controller leads."""

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[DictRow]],
        proxies: Proxies,
        queue: WorkQueue,
        clock: Clock,
        kept: Kept,
    ) -> None:
        self._pool = pool
        self._proxies = proxies
        self._queue = queue
        self._clock = clock
        self._kept = kept
        self._states: dict[str, object] = {}
        self._before: dict[tuple[str, str], Sample] = {}
        self._rolled_up: datetime | None = None

    async def run(self, wake: Callable[[], None]) -> None:
        """Look for ever. What fails is tried again."""
        while True:
            try:
                if await self.look():
                    wake()
                await self._keep(self._clock.now())
            except (PortError, psycopg.Error) as error:
                _log.warning("cannot look at load balancers", why=f"{type(error).__name__}: {error}")
            now = self._clock.now()
            # On the second, so that none is left without a point because looking takes time.
            await asyncio.sleep((beginning(now, _SECOND) + _SECOND - now).total_seconds())

    async def look(self) -> int:
        """Look once, and return how many balancers were woken because a target or the proxy changed."""
        samples: dict[tuple[str, str], Sample] = {}
        states: dict[str, object] = {}
        woken = 0
        for resource_id in await self._proxies.running():
            found = await self._look_at(resource_id)
            states[resource_id] = _state(found)
            parsed = parse_id(resource_id)
            if parsed is not None and self._states.get(resource_id, _UNKNOWN) != states[resource_id]:
                await self._queue.wake(parsed[1], LoadBalancer.KIND)
                woken += 1
            samples |= {
                (resource_id, name): Sample(self._clock.now(), each) for name, each in _traffic(found)
            }
        before, self._before, self._states = self._before, samples, states
        await self._write(before, samples)
        return woken

    async def _look_at(self, resource_id: str) -> SeenProxy | None:
        try:
            return await self._proxies.look(resource_id)
        except PortError:
            return None

    async def _write(
        self, before: dict[tuple[str, str], Sample], samples: dict[tuple[str, str], Sample]
    ) -> None:
        points: list[tuple[UUID, str, datetime, Rates]] = []
        for (resource_id, target), now in samples.items():
            past, parsed = before.get((resource_id, target)), parse_id(resource_id)
            found = rates(past, now) if past is not None else None
            if found is not None and parsed is not None:
                points.append((parsed[1], target, now.at, found))
        if not points:
            return
        async with (
            self._pool.connection() as connection,
            connection.cursor() as cursor,
            cursor.copy(SQL["copy_seconds"]) as copy,
        ):
            for resource_id, target, at, found in points:
                await copy.write_row((resource_id, target, at, *(getattr(found, name) for name in TRAFFIC)))

    async def _keep(self, now: datetime) -> None:
        """Average by the minute, and forget what is old enough; safe to repeat."""
        if self._rolled_up is not None and now - self._rolled_up < _ROLL_UP:
            return
        # At first everything that is there, as the collector before us may not have got so far.
        since = now - self._kept.second if self._rolled_up is None else self._rolled_up - _MINUTE
        bounds = {"from": since.replace(second=0, microsecond=0), "to": now + _MINUTE}
        async with self._pool.connection() as connection:
            async with connection.transaction():
                await connection.execute(SQL["forget_minutes"], bounds)
                await connection.execute(SQL["roll_up_minutes"], bounds)
            await connection.execute(SQL["forget_old_seconds"], {"before": now - self._kept.second - _MINUTE})
            await connection.execute(SQL["forget_old_minutes"], {"before": now - self._kept.minute})
        self._rolled_up = now


def rates(before: Sample, now: Sample) -> Rates | None:
    """Return what was done between two samples, if they are of one run and near each other."""
    seconds = (now.at - before.at).total_seconds()
    if before.traffic.run != now.traffic.run or not 0 < seconds <= _LONGEST_S:
        return None
    counted = [each.name for each in fields(Traffic) if each.name not in {"run", "sessions", "latency_ms"}]
    more = {name: getattr(now.traffic, name) - getattr(before.traffic, name) for name in counted}
    if any(count < 0 for count in more.values()):
        return None
    per_s = {f"{name}_per_s": count / seconds for name, count in more.items()}
    latency = now.traffic.latency_ms if more["requests"] else None
    return Rates(**per_s, latency_ms=latency, sessions=now.traffic.sessions)


_UNKNOWN = object()


def _state(found: SeenProxy | None) -> object:
    """Return what a balancer is woken by when it changes."""
    if found is None:
        return None
    return {
        name: (each.state, each.reason, each.in_flight > 0 and each.state == "resting")
        for name, each in found.servers.items()
    }


def _traffic(found: SeenProxy | None) -> Iterator[tuple[str, Traffic]]:
    if found is None:
        return
    if found.traffic is not None:
        yield WHOLE, found.traffic
    for name, each in found.servers.items():
        if each.traffic is not None:
            yield name, each.traffic
