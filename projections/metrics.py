"""The resource usage of instances and the host, at any moment within the retention.

Points of each second are rolled up by the minute and by the hour (``miniaws/runtime/recorder.py`` writes them). What
was not measured is absent: an average is over the measured seconds, and a range without any has none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.stats import HOST
from domain.values import must
from projections.document import resource_id
from projections.inventory import Inventory
from projections.sql import queries

SQL = queries("metrics")
HOST_ID = UUID(int=0)
"""What the host is called in the tables."""

METRICS = {
    "cpu_percent": "percent of the cores that it may use",
    "cpu_cores": "cores",
    "memory_percent": "percent of the memory that it may use",
    "memory_bytes": "bytes, without the file cache that can be given back",
    "network_rx_bytes_per_s": "bytes received a second",
    "network_tx_bytes_per_s": "bytes sent a second",
    "block_read_bytes_per_s": "bytes read from devices a second",
    "block_write_bytes_per_s": "bytes written to devices a second",
}
"""Each metric and its unit."""

STEPS_S = (1, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
MOST_POINTS = 5000
MOST_RESOURCES = 500
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing was measured before; times of windows are not earlier."""
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE_S = 60
_HOUR_S = 3600

Point = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long points of each resolution are retained."""

    second: timedelta
    minute: timedelta
    hour: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A time range in steps of ``step_s`` seconds; ``start`` is included, ``end`` is not."""

    start: datetime
    end: datetime
    step_s: int
    resolution: str

    @property
    def times(self) -> list[datetime]:
        """The beginning of every step."""
        step = timedelta(seconds=self.step_s)
        return [self.start + index * step for index in range((self.end - self.start) // step)]


def window(
    start: datetime, end: datetime, step_s: int | None, retention: Retention, now: datetime, want: int
) -> Window:
    """Return the steps that cover a time range: of the requested length, or else about ``want`` of them.

    Raises Invalid when it ends before it starts, or its steps are not retained or too many.
    """
    if start >= end:
        raise must("from", "be before `to`")
    age = now - start
    if step_s is None:
        fine = _finest(age, retention)
        span = (end - start).total_seconds()
        step_s = next((s for s in STEPS_S if s >= fine and span / s <= want), STEPS_S[-1])
    _check(step_s, age, retention)
    step = timedelta(seconds=step_s)
    first = _ORIGIN + (start - _ORIGIN) // step * step
    last = _ORIGIN - (_ORIGIN - end) // step * step
    if (last - first) // step > MOST_POINTS:
        raise must("step", f"give at most {MOST_POINTS} points", why="use a longer one, or leave it out")
    resolution = "second" if step_s < _MINUTE_S else "minute" if step_s < _HOUR_S else "hour"
    return Window(first, last, step_s, resolution)


def _finest(age: timedelta, retention: Retention) -> int:
    return 1 if age <= retention.second else _MINUTE_S if age <= retention.minute else _HOUR_S


def _check(step_s: int, age: timedelta, retention: Retention) -> None:
    fine = _finest(age, retention)
    if step_s < fine:
        raise must("step", f"be at least {fine} that far back", step_s)
    unit = _HOUR_S if step_s >= _HOUR_S else _MINUTE_S if step_s >= _MINUTE_S else 1
    if step_s % unit:
        raise must("step", "be less than 60, or be whole minutes or hours", step_s)


@dataclass(frozen=True, slots=True)
class Newest:
    """What a resource used a moment ago."""

    id: str
    name: str
    account_id: str | None
    at: datetime
    values: Point


class Metrics:
    """Answers what was used, on the connections of the inventory."""

    def __init__(self, inventory: Inventory, retention: Retention) -> None:
        self._reads = inventory
        self.retention = retention

    async def points(self, ids: Iterable[UUID], span: Window) -> dict[UUID, dict[datetime, Point]]:
        """Return averages, maxima (``…_max``) and ``samples`` per resource and step; what is missing is absent."""
        rows = await self._reads.rows(
            SQL["points"],
            ids=list(ids),
            resolution=span.resolution,
            step=span.step_s,
            **{"from": span.start, "to": span.end},
        )
        found: dict[UUID, dict[datetime, Point]] = {}
        for row in rows:
            resource_id, at = row.pop("resource_id"), row.pop("at")
            found.setdefault(resource_id, {})[at] = {name: _number(value) for name, value in row.items()}
        return found

    async def measured(self, account: str, at: int) -> list[dict[str, Any]]:
        """Return id, kind and name of what was measured of an account at a position."""
        return await self._reads.rows(SQL["measured"], account=account, at=at, limit=MOST_RESOURCES)

    async def newest(self, accounts: Iterable[str] | None, age_s: float = 5) -> list[Newest]:
        """Return what resources of some accounts, or of all, and the host used last; nothing that is older."""
        listed = None if accounts is None else list(accounts)
        rows = await self._reads.rows(SQL["newest"], accounts=listed, age_s=age_s, host=HOST_ID)
        return [_newest(row) for row in rows]


def table(points: dict[datetime, Point], span: Window) -> list[dict[str, Any]]:
    """Return a row per step: when, how many samples, and for each metric average and maximum or None."""
    nothing: Point = dict.fromkeys([name for metric in METRICS for name in (metric, f"{metric}_max")])
    return [{"at": at, "samples": 0, **nothing, **points.get(at, {})} for at in span.times]


def _newest(row: dict[str, Any]) -> Newest:
    is_host = row["resource_id"] == HOST_ID
    return Newest(
        id=HOST if is_host else resource_id(row["kind"] or "instance", row["resource_id"]),
        name=HOST if is_host else row["name"] or "",
        account_id=row["account_id"],
        at=row["at"],
        values={name: _number(row[name]) for name in METRICS},
    )


def _number(value: Any) -> float | None:
    """Return a figure as JSON shows it: whole where a fraction says nothing."""
    if value is None:
        return None
    return round(value) if value >= 1000 else round(float(value), 4)
