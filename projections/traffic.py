"""What load balancers and their targets did, at any moment that is still kept.

Points of each second are averaged by the minute (``miniaws/runtime/recorder.py`` writes them). What was not measured
is absent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.inventory import Inventory
from projections.metrics import Window
from projections.sql import queries

SQL = queries("traffic")
WHOLE = ""
"""What a balancer as a whole is called among its targets."""

TRAFFIC = {
    "requests_per_s": "requests a second; for tcp: connections",
    "responses_4xx_per_s": "answers a second that blame the client",
    "responses_5xx_per_s": "answers a second that blame the target or the balancer",
    "errors_per_s": "failed connections and answers that broke off, a second",
    "bytes_in_per_s": "bytes received from clients a second",
    "bytes_out_per_s": "bytes sent to clients a second",
    "latency_ms": "milliseconds from a request to the end of its answer, the mean of the newest ones",
    "sessions": "requests or connections under way",
}
"""Each metric and its unit."""

Point = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Newest:
    """What a balancer, or one of its targets, did a moment ago."""

    resource_id: UUID
    name: str
    account_id: str
    target: str
    values: Point


class TrafficView:
    """Answers what load balancers did, on the connections of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory

    async def points(self, resource_id: UUID, span: Window) -> dict[str, dict[datetime, Point]]:
        """Return averages and ``samples`` per target and step; what is missing is absent."""
        rows = await self._reads.rows(
            SQL["points"],
            id=resource_id,
            resolution=span.resolution,
            step=span.step_s,
            **{"from": span.start, "to": span.end},
        )
        found: dict[str, dict[datetime, Point]] = {}
        for row in rows:
            target, at = row.pop("target"), row.pop("at")
            found.setdefault(target, {})[at] = {name: _number(value) for name, value in row.items()}
        return found

    async def newest(self, age_s: float = 5) -> list[Newest]:
        """Return what every balancer and target did last; nothing that is older."""
        rows = await self._reads.rows(SQL["newest"], age_s=age_s)
        return [
            Newest(
                row["resource_id"],
                row["name"],
                row["account_id"],
                row["target"],
                {name: _number(row[name]) for name in TRAFFIC},
            )
            for row in rows
        ]


def table(points: dict[datetime, Point], span: Window) -> list[dict[str, Any]]:
    """Return a row per step: when, how many samples, and each metric or None."""
    nothing: Point = dict.fromkeys(TRAFFIC)
    return [{"at": at, "samples": 0, **nothing, **points.get(at, {})} for at in span.times]


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)
