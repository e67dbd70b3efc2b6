"""When a base backup is due, when it is late, and which backups may go.

A schedule is a cron expression in UTC. A backup begins within a window after each of its moments: a share of the
window that is drawn once per archive and moment keeps many archives from beginning at once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import cron
from domain.archive.log import Backup
from domain.values import between

DEFAULT_SCHEDULE = "0 3 * * *"
MOST_DAYS, MOST_COUNT, MOST_WINDOW_MINUTES = 3650, 1000, 1440
GRACE = timedelta(minutes=60)
"""A backup that has not ended this long after its window is late."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a base backup is made, and how long backups are retained."""

    schedule: str = DEFAULT_SCHEDULE
    window_minutes: int = 60
    retention_days: int = 7
    retention_count: int | None = None
    """The most backups that are retained; None for no limit but the days."""
    drill_schedule: str | None = "0 5 * * 0"
    """When a backup is restored for a trial, besides once when it is new; None for never."""

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored in an event."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def check(policy: Policy) -> Policy:
    """Return the policy. Raises Invalid."""
    for field, text in (("schedule", policy.schedule), ("drill_schedule", policy.drill_schedule)):
        if text is not None:
            cron.check(text, field)
    limits = (
        ("window_minutes", policy.window_minutes, 0, MOST_WINDOW_MINUTES),
        ("retention_days", policy.retention_days, 1, MOST_DAYS),
        ("retention_count", policy.retention_count, 1, MOST_COUNT),
    )
    for name, value, least, most in limits:
        if value is not None:
            between(value, least, most, name)
    return policy


def due_at(policy: Policy, archive_id: str, last_began_at: datetime | None, now: datetime) -> datetime:
    """Return when the next base backup should begin; the first one is due at once."""
    if last_began_at is None:
        return now
    moment = _next(policy.schedule, last_began_at)
    at = moment + _jitter(policy, archive_id, moment)
    if at > last_began_at:
        return at
    # The last one was begun within the window of that moment, before its turn.
    moment = _next(policy.schedule, moment)
    return moment + _jitter(policy, archive_id, moment)


def late_at(policy: Policy, last_began_at: datetime) -> datetime:
    """Return when the absence of a newer backup is a fault."""
    return _next(policy.schedule, last_began_at) + timedelta(minutes=policy.window_minutes) + GRACE


def drill_due(policy: Policy, ended_at: datetime, last_at: datetime | None, now: datetime) -> bool:
    """Return whether a backup that ended then is to be restored for a trial: once when it is new, then by schedule."""
    if policy.drill_schedule is None:
        return False
    return last_at is None or last_at < ended_at or cron.due(policy.drill_schedule, last_at, now) is not None


def expired(policy: Policy, backups: Sequence[Backup], now: datetime) -> list[Backup]:
    """Return the backups that retention drops, oldest first.

    The newest one before the oldest moment that must be restorable stays, and so does the newest sound one.
    """
    ordered = sorted(backups, key=lambda each: each.ended_at)
    sound = [each for each in ordered if not each.is_damaged]
    horizon = now - timedelta(days=policy.retention_days)
    needed = [each for each in sound if each.ended_at <= horizon][-1:]
    kept = {each.id for each in (*needed, *(each for each in ordered if each.ended_at > horizon))}
    if policy.retention_count is not None:
        kept &= {each.id for each in ordered[-policy.retention_count :]}
    kept |= {each.id for each in sound[-1:]}
    return [each for each in ordered if each.id not in kept]


def _next(schedule: str, after: datetime) -> datetime:
    """Return the next scheduled time; if this version cannot read the schedule, that of the default."""
    found = cron.next_at(schedule, after) or cron.next_at(DEFAULT_SCHEDULE, after)
    assert found is not None  # noqa: S101 - the default can be read
    return found


def _jitter(policy: Policy, archive_id: str, moment: datetime) -> timedelta:
    drawn = hashlib.sha256(f"{archive_id} {moment.isoformat()}".encode()).digest()[:4]
    return timedelta(minutes=policy.window_minutes * int.from_bytes(drawn) / 2**32)
