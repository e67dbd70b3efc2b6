"""Measures the proxies once a second, and wakes a balancer when its proxy or a target changed."""

from collections.abc import Callable, Iterator
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.errors import PortError
from domain.load_balancer import LoadBalancer
from domain.load_balancer.proxy import Proxies, SeenProxy, Traffic
from domain.system import Clock
from domain.values import parse_id
from miniaws.runtime.queue import WorkQueue
from miniaws.runtime.rates import Samples, TrafficSample, traffic_point
from miniaws.runtime.recorder import PROXIES, Recorder, next_second
from projections.metrics import Retention
from projections.traffic import TRAFFIC, WHOLE

_UNKNOWN = object()
_Key = tuple[str, str]


class TrafficCollector:
    """Measures proxies and wakes balancers. One at a time: it runs where the controller leads."""

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[DictRow]],
        proxies: Proxies,
        queue: WorkQueue,
        clock: Clock,
        retention: Retention,
    ) -> None:
        self.recorder = Recorder(pool, PROXIES, retention)
        self._proxies = proxies
        self._queue = queue
        self._clock = clock
        self._states: dict[str, object] = {}
        self._samples: Samples[_Key, TrafficSample] = Samples()

    async def run(self, wake: Callable[[], None]) -> None:
        """Measure each second until that fails. Raises PortError, psycopg.Error."""
        while True:
            if await self.measure():
                wake()
            await next_second(self._clock)

    async def measure(self) -> int:
        """Measure once, and return how many balancers were woken because a target or the proxy changed."""
        samples: dict[_Key, TrafficSample] = {}
        states: dict[str, object] = {}
        woken = 0
        for resource_id in await self._proxies.running():
            proxy = await self._observe(resource_id)
            states[resource_id] = _state(proxy)
            parsed = parse_id(resource_id)
            if parsed is not None and self._states.get(resource_id, _UNKNOWN) != states[resource_id]:
                await self._queue.wake(parsed[1], LoadBalancer.KIND)
                woken += 1
            samples |= {
                (resource_id, name): TrafficSample(self._clock.now(), each) for name, each in _traffic(proxy)
            }
        self._states = states
        await self._write(samples)
        return woken

    async def _observe(self, resource_id: str) -> SeenProxy | None:
        try:
            return await self._proxies.look(resource_id)
        except PortError:
            return None

    async def _write(self, samples: dict[_Key, TrafficSample]) -> None:
        rows: list[tuple[Any, ...]] = []
        for (resource_id, target), interval in self._samples.intervals(samples):
            point, parsed = traffic_point(interval), parse_id(resource_id)
            if point is not None and parsed is not None:
                values = (getattr(point, name) for name in TRAFFIC)
                rows.append((parsed[1], target, interval.now.at, *values))
        if rows:
            times = [row[2] for row in rows]
            await self.recorder.write(min(times), max(times), rows)


def _state(proxy: SeenProxy | None) -> object:
    """Return what a balancer is woken by when it changes."""
    if proxy is None:
        return None
    return {
        name: (each.state, each.reason, each.in_flight > 0 and each.state == "resting")
        for name, each in proxy.servers.items()
    }


def _traffic(proxy: SeenProxy | None) -> Iterator[tuple[str, Traffic]]:
    if proxy is None:
        return
    if proxy.traffic is not None:
        yield WHOLE, proxy.traffic
    for name, each in proxy.servers.items():
        if each.traffic is not None:
            yield name, each.traffic
