"""From counters to rates: two samples of one run give a point; anything else gives none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.ports import Sample

_LONGEST = timedelta(seconds=10)
"""Between samples further apart, nobody knows when what was used was used."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a resource may use; None means that nothing holds it back."""

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


class Rates:
    """Remembers the sample before."""

    def __init__(self) -> None:
        self._before: dict[str, Sample] = {}

    def points(self, samples: Iterable[Sample], limits: Mapping[str, Limits]) -> list[Point]:
        """Return a point for each sample that has one before it in the same run and whose limits are known."""
        known, self._before = self._before, {sample.resource_id: sample for sample in samples}
        found = (
            _point(known[id_], sample, limits[id_])
            for id_, sample in self._before.items()
            if id_ in known and id_ in limits
        )
        return [point for point in found if point is not None]


def _point(before: Sample, now: Sample, limits: Limits) -> Point | None:
    past = now.at - before.at
    began_anew = now.run != before.run or now.cpu_ns < before.cpu_ns
    if began_anew or not timedelta(0) < past <= _LONGEST:
        return None
    seconds = past.total_seconds()
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
    # An interface that was taken away takes its count along.
    return None if before is None or now is None or now < before else (now - before) / seconds
