"""Scheduled snapshots of a volume: when they are taken, and how long they are kept.

Rules
-----
* A snapshot is due at each moment of a cron expression in UTC (``domain/cron.py``). After an outage, one is taken for
  the newest moment, and the others are reported as missed.
* One is begun only after the previous one is taken. Otherwise that moment is reported as missed, with the reason.
* A snapshot is retained while it is younger than ``retention_days`` and among the newest ``retention_count``. The
  newest one that can be restored is always retained.
* Snapshots that people take are never dropped, nor is any after its volume is deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import cron
from domain.values import between

MOST_DAYS, MOST_COUNT = 3650, 1000


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """When snapshots are taken, and how long they are retained."""

    schedule: str = "0 3 * * *"
    retention_days: int = 7
    retention_count: int | None = None
    """The most snapshots that are retained; None for no limit but the days."""

    def check(self) -> None:
        """Raise Invalid."""
        cron.check(self.schedule, "schedule")
        limits = (
            ("retention_days", self.retention_days, MOST_DAYS),
            ("retention_count", self.retention_count, MOST_COUNT),
        )
        for name, value, most in limits:
            if value is not None:
                between(value, 1, most, name)

    def as_json(self) -> dict[str, Any]:
        """Return it for an event."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class ScheduledSnapshot:
    """A snapshot that was requested by the schedule."""

    snapshot_id: str
    name: str
    due_at: datetime


def expired(
    policy: SnapshotPolicy, taken: Sequence[ScheduledSnapshot], now: datetime
) -> list[ScheduledSnapshot]:
    """Return the snapshots that retention drops, oldest first."""
    ordered = sorted(taken, key=lambda each: each.due_at)
    counted = ordered if policy.retention_count is None else ordered[-policy.retention_count :]
    horizon = now - timedelta(days=policy.retention_days)
    kept = {each.snapshot_id for each in counted if each.due_at > horizon}
    return [each for each in ordered if each.snapshot_id not in kept]
