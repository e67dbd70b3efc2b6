"""Snapshots of a volume that are taken by the clock: when, and how long they are kept.

Rules
-----
* A snapshot is due at each moment of a cron expression in UTC. Of moments that nobody was there for, the newest is
  made up for; the others are told as missed.
* One is begun only when the one before is taken: otherwise that moment is missed, and told with the reason.
* Kept is what is younger than the days and among the newest so many, and always the newest one that can be restored.
* Snapshots that people take are never dropped, nor is any once its volume is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from croniter import croniter
from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate
from domain.errors import Invalid
from domain.managed import Managed

MOST_DAYS, MOST_COUNT = 3650, 1000
_MOST_MISSED = 1000
"""So many missed moments are counted; more are as bad."""


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """When snapshots are taken, and how long they are kept."""

    schedule: str = "0 3 * * *"
    retention_days: int = 7
    retention_count: int | None = None
    """At most so many are kept, besides the days."""

    def check(self) -> None:
        """Raise Invalid."""
        values.cron(self.schedule, "schedule")
        limits = (
            ("retention_days", self.retention_days, MOST_DAYS),
            ("retention_count", self.retention_count, MOST_COUNT),
        )
        for name, value, most in limits:
            if value is not None and not 1 <= value <= most:
                raise Invalid(f"cannot use {value} for {name}: use 1 to {most}", field=name)

    def as_json(self) -> dict[str, Any]:
        """Return it for an event."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A snapshot that was begun by the clock."""

    snapshot_id: str
    name: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What should have begun by now."""

    at: datetime
    missed: int = 0
    """How many moments before that one nobody was there for."""
    missed_until: datetime | None = None
    """The newest of these."""


def due(policy: SnapshotPolicy, since: datetime, now: datetime) -> Due | None:
    """Return what is due of the moments after ``since``."""
    moments = croniter(policy.schedule, since.astimezone(UTC))
    first: datetime = moments.get_next(datetime)
    if first > now:
        return None
    found = Due(first)
    while (following := moments.get_next(datetime)) <= now and found.missed < _MOST_MISSED:
        found = Due(following, found.missed + 1, found.at)
    return found


def next_at(policy: SnapshotPolicy, after: datetime) -> datetime:
    """Return the next moment."""
    found: datetime = croniter(policy.schedule, after.astimezone(UTC)).get_next(datetime)
    return found


def expired(policy: SnapshotPolicy, taken: Sequence[Scheduled], now: datetime) -> list[Scheduled]:
    """Return what is older than retention says, oldest first."""
    ordered = sorted(taken, key=lambda each: each.due_at)
    counted = ordered if policy.retention_count is None else ordered[-policy.retention_count :]
    horizon = now - timedelta(days=policy.retention_days)
    kept = {each.snapshot_id for each in counted if each.due_at > horizon}
    return [each for each in ordered if each.snapshot_id not in kept]


class Snapshotted(Managed, is_abstract=True):
    """What has snapshots taken by the clock."""

    class SnapshotPolicyChanged(Aggregate.Event):
        """Snapshots are taken at other times, kept otherwise, or not taken any more (no policy)."""

        policy: dict[str, Any] | None
        changed_at: datetime

    class SnapshotRequested(Aggregate.Event):
        """It was time, and a snapshot was asked for."""

        snapshot_id: str
        snapshot_name: str
        due_at: datetime

    class SnapshotMissed(Aggregate.Event):
        """It was time, and no snapshot was taken."""

        due_at: datetime
        count: int
        reason: str

    class SnapshotDropped(Aggregate.Event):
        """A snapshot need not be kept any more, or somebody has deleted it."""

        snapshot_id: str
        snapshot_name: str
        reason: str

    def change_snapshot_policy(self, policy: SnapshotPolicy | None, now: datetime) -> None:
        """Have snapshots taken by the clock from now on, or none. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if policy is not None:
            policy.check()
        if policy != self.snapshot_policy:
            asked = None if policy is None else policy.as_json()
            self.trigger_event(self.SnapshotPolicyChanged, policy=asked, changed_at=now)

    def note_snapshot(self, snapshot_id: str, snapshot_name: str, due_at: datetime) -> None:
        """Note the snapshot that was asked for because it was time."""
        self.trigger_event(
            self.SnapshotRequested, snapshot_id=snapshot_id, snapshot_name=snapshot_name, due_at=due_at
        )

    def report_snapshot_missed(self, due_at: datetime, count: int, reason: str) -> None:
        """Note that so many moments up to this one passed without a snapshot."""
        if not self.is_deleting and due_at > self.snapshots_until:
            self.trigger_event(self.SnapshotMissed, due_at=due_at, count=count, reason=reason)

    def drop_snapshot(self, snapshot_id: str, reason: str) -> None:
        """Note that a snapshot is given up, or gone."""
        found = [each for each in self.scheduled if each.snapshot_id == snapshot_id]
        for each in found:
            self.trigger_event(
                self.SnapshotDropped, snapshot_id=snapshot_id, snapshot_name=each.name, reason=reason
            )

    def _begin_snapshots(self) -> None:
        self.snapshot_policy: SnapshotPolicy | None = None
        self.snapshots_until = datetime.min.replace(tzinfo=UTC)
        """The newest moment that was dealt with."""
        self.scheduled: list[Scheduled] = []

    @event(SnapshotPolicyChanged)
    def _snapshot_policy_changed(self, policy: dict[str, Any] | None, changed_at: datetime) -> None:
        self.snapshot_policy = None if policy is None else SnapshotPolicy(**policy)
        self.snapshots_until = changed_at

    @event(SnapshotRequested)
    def _snapshot_requested(self, snapshot_id: str, snapshot_name: str, due_at: datetime) -> None:
        self.scheduled = [*self.scheduled, Scheduled(snapshot_id, snapshot_name, due_at)]
        self.snapshots_until = due_at

    @event(SnapshotMissed)
    def _snapshot_missed(self, due_at: datetime, count: int, reason: str) -> None:  # noqa: ARG002 - for readers
        self.snapshots_until = due_at

    @event(SnapshotDropped)
    def _snapshot_dropped(self, snapshot_id: str, snapshot_name: str, reason: str) -> None:  # noqa: ARG002 - as above
        self.scheduled = [each for each in self.scheduled if each.snapshot_id != snapshot_id]
