"""From counters to rates: two samples of one run give a point; anything else gives none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from domain.load_balancer.proxy import Traffic
from domain.stats import Sample

_LONGEST = timedelta(seconds=10)
"""Between samples further apart, the time of the usage is unknown."""


class Counted(Protocol):
    """A sample of counters that start at zero in each run."""

    @property
    def run(self) -> str:
        """Return another value after each start."""
        ...

    @property
    def at(self) -> datetime:
        """Return when the counters were read."""
        ...


K = TypeVar("K")
S = TypeVar("S", bound=Counted)


@dataclass(frozen=True, slots=True)
class Interval(Generic[S]):
    """Two successive samples of one run."""

    before: S
    now: S

    @property
    def seconds(self) -> float:
        """Return the time between the samples."""
        return (self.now.at - self.before.at).total_seconds()


class Samples(Generic[K, S]):
    """Remembers the last sample of each source."""

    def __init__(self) -> None:
        self._before: dict[K, S] = {}

    def intervals(self, samples: Mapping[K, S]) -> Iterator[tuple[K, Interval[S]]]:
        """Remember these samples, and yield an interval for each that continues the run of the previous one."""
        before, self._before = self._before, dict(samples)
        for key, now in samples.items():
            past = before.get(key)
            if past is not None and past.run == now.run and timedelta(0) < now.at - past.at <= _LONGEST:
                yield key, Interval(past, now)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a resource may use; None means that nothing limits it."""

    cpus: float | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """What a resource used at an instant. None is what cannot be measured, or has no limit to be a part of."""

    resource_id: str
    cpu_percent: float | None
    cpu_cores: float
    memory_percent: float | None
    memory_bytes: int
    network_rx_bytes_per_s: float | None
    network_tx_bytes_per_s: float | None
    block_read_bytes_per_s: float | None
    block_write_bytes_per_s: float | None


class ContainerRates:
    """Turns samples of containers into points."""

    def __init__(self) -> None:
        self._samples: Samples[str, Sample] = Samples()

    def points(self, samples: Iterable[Sample], limits: Mapping[str, Limits]) -> list[Point]:
        """Return a point for each sample that has one before it in the same run and whose limits are known."""
        known = {sample.resource_id: sample for sample in samples}
        # All of them are consumed first: what is remembered must not depend on the limits.
        intervals = list(self._samples.intervals(known))
        found = (_point(each, limits[id_]) for id_, each in intervals if id_ in limits)
        return [point for point in found if point is not None]


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """What a balancer or target has done up to an instant."""

    at: datetime
    traffic: Traffic

    @property
    def run(self) -> str:
        """Return the run of the proxy, in which its counters start at zero."""
        return self.traffic.run


@dataclass(frozen=True, slots=True)
class TrafficPoint:
    """What a balancer or target did in a second."""

    requests_per_s: float
    responses_4xx_per_s: float
    responses_5xx_per_s: float
    errors_per_s: float
    bytes_in_per_s: float
    bytes_out_per_s: float
    latency_ms: float | None
    sessions: int


def traffic_point(interval: Interval[TrafficSample]) -> TrafficPoint | None:
    """Return what was done between two samples; None when a counter went backwards."""
    before, now = interval.before.traffic, interval.now.traffic
    counters = [each.name for each in fields(Traffic) if each.name not in {"run", "sessions", "latency_ms"}]
    counts = {name: getattr(now, name) - getattr(before, name) for name in counters}
    if any(count < 0 for count in counts.values()):
        return None
    per_s = {f"{name}_per_s": count / interval.seconds for name, count in counts.items()}
    latency_ms = now.latency_ms if counts["requests"] else None
    return TrafficPoint(**per_s, latency_ms=latency_ms, sessions=now.sessions)


def _point(interval: Interval[Sample], limits: Limits) -> Point | None:
    before, now, seconds = interval.before, interval.now, interval.seconds
    if now.cpu_ns < before.cpu_ns:
        return None
    cores = (now.cpu_ns - before.cpu_ns) / 1e9 / seconds
    return Point(
        now.resource_id,
        _percent(cores, limits.cpus),
        cores,
        _percent(now.memory_bytes, limits.memory_bytes),
        now.memory_bytes,
        _rate(before.network_rx_bytes, now.network_rx_bytes, seconds),
        _rate(before.network_tx_bytes, now.network_tx_bytes, seconds),
        _rate(before.block_read_bytes, now.block_read_bytes, seconds),
        _rate(before.block_write_bytes, now.block_write_bytes, seconds),
    )


def _percent(used: float, limit: float | None) -> float | None:
    return 100 * used / limit if limit else None


def _rate(before: int | None, now: int | None, seconds: float) -> float | None:
    # The counter of a network interface disappears with the interface.
    return None if before is None or now is None or now < before else (now - before) / seconds
