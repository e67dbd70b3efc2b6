"""Simulated resource usage of containers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.memory.engine import RUNS, MemoryEngine
from domain.stats import HOST, Sample

_HOST_CPUS = 2.0
_HOST_MEMORY = 8 * 2**30


@dataclass(slots=True)
class _Meter:
    run: str
    at: datetime
    cores: float
    memory_bytes: int
    bytes_per_s: float
    cpu_ns: float = 0
    moved: float = 0

    def advance(self, now: datetime) -> None:
        seconds = (now - self.at).total_seconds()
        self.cpu_ns += self.cores * seconds * 1e9
        self.moved += self.bytes_per_s * seconds
        self.at = now


class MemoryStats:
    """Simulates the usage of containers. ``clock`` returns an aware time."""

    def __init__(self, engine: MemoryEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock
        self._meters: dict[str, _Meter] = {}
        self._loads: dict[str, tuple[float, int, float]] = {}

    def load(
        self, resource_id: str, *, cores: float = 0, memory_bytes: int = 0, bytes_per_s: float = 0
    ) -> None:
        """Set the usage of a container from now on; ``bytes_per_s`` in each direction, network and devices."""
        self._loads[resource_id] = cores, memory_bytes, bytes_per_s

    async def sample(self) -> list[Sample]:
        """Return a sample of every running container, and of a host with two cores."""
        await self._engine.enter("stats.sample")
        now = self._clock()
        runs = {HOST: "host"}
        runs |= {i: str(c.started_at) for i, c in self._engine.containers.items() if c.state in RUNS}
        self._meters = {i: self._meter(i, run, now) for i, run in runs.items()}
        return [self._sample(i, meter) for i, meter in self._meters.items()]

    def _meter(self, resource_id: str, run: str, now: datetime) -> _Meter:
        meter = self._meters.get(resource_id)
        if meter is None or meter.run != run:
            meter = _Meter(run, now, 0, 0, 0)
        meter.advance(now)
        # Little, but not zero, unless a test sets it.
        meter.cores, meter.memory_bytes, meter.bytes_per_s = self._loads.get(
            resource_id, (0.01, 8 * 2**20, 100.0)
        )
        return meter

    def _sample(self, resource_id: str, meter: _Meter) -> Sample:
        moved = round(meter.moved)
        if resource_id == HOST:
            return Sample(
                HOST,
                meter.run,
                meter.at,
                round(meter.cpu_ns),
                meter.memory_bytes,
                cpus=_HOST_CPUS,
                memory_limit_bytes=_HOST_MEMORY,
            )
        cpu_ns = round(meter.cpu_ns)
        return Sample(
            resource_id, meter.run, meter.at, cpu_ns, meter.memory_bytes, moved, moved, moved, moved
        )
