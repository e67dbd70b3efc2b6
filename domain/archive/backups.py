"""The base backups of an archive: made, tried by restoring them, and dropped when their time is up.

Rules
-----
* One backup is made at a time. A failed one is told with its reason, and tried again.
* A backup that does not match its checksums is never restored from.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.archive.log import Backup
from domain.archive.schedule import Policy, check, expired
from domain.errors import Conflict
from domain.managed import Managed

Why = Literal["first", "scheduled", "manual", "final", "again"]


class BackupUnderWay(Conflict):
    """cannot make two backups of a database at once"""

    code = "backup_under_way"


class ArchiveClosed(Conflict):
    """cannot back up a database that is gone"""

    code = "archive_closed"


@dataclass(frozen=True, slots=True)
class Pending:
    """A backup that is being made."""

    id: str
    why: Why


class BackedUp(Managed, is_abstract=True):
    """What keeps base backups by a policy."""

    expires_at: datetime | None

    class PolicyChanged(Aggregate.Event):
        """Backups are made at other times, or kept otherwise."""

        policy: dict[str, Any]

    class BackupRequested(Aggregate.Event):
        """A base backup should be made."""

        backup_id: str
        why: str
        requested_at: datetime

    class BackupCompleted(Aggregate.Event):
        """A base backup is in the archive, with checksums."""

        backup_id: str
        began_at: datetime
        ended_at: datetime
        size_bytes: int
        begins: int
        position: str
        checksum: str

    class BackupFailed(Aggregate.Event):
        """A base backup could not be made."""

        backup_id: str
        reason: str

    class BackupMissed(Aggregate.Event):
        """No base backup was made when one should have been."""

        reason: str

    class DrillPassed(Aggregate.Event):
        """A backup was restored for a trial, compared with its checksums, and read."""

        backup_id: str
        verified_at: datetime
        took_s: float

    class DrillFailed(Aggregate.Event):
        """A backup could not be restored for a trial; it is not used any more."""

        backup_id: str
        reason: str
        failed_at: datetime

    class BackupDropped(Aggregate.Event):
        """A backup need not be kept any more."""

        backup_id: str

    def change_policy(self, policy: Policy) -> None:
        """Ask for another policy. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if check(policy) != self.policy:
            self.trigger_event(self.PolicyChanged, policy=policy.as_json())

    def request_backup(self, why: Why, now: datetime) -> str:
        """Ask for a base backup and return its id. Raises BeingDeleted, ArchiveClosed, BackupUnderWay."""
        self.refuse_if_deleting()
        if self.expires_at is not None:
            raise ArchiveClosed(f"cannot back up {self.name}: it is deleted; its last backups are still here")
        if self.pending is not None:
            raise BackupUnderWay(f"cannot back up {self.name}: {self.pending.id} is being made; wait for it")
        backup_id = f"b{self.made + 1}"
        self.trigger_event(self.BackupRequested, backup_id=backup_id, why=why, requested_at=now)
        return backup_id

    def report_backup(self, found: Backup, began_at: datetime, position: str, checksum: str) -> None:
        """Note a base backup that is complete."""
        if self.pending is not None and self.pending.id == found.id:
            self.trigger_event(
                self.BackupCompleted,
                backup_id=found.id,
                began_at=began_at,
                ended_at=found.ended_at,
                size_bytes=found.size_bytes,
                begins=found.begins,
                position=position,
                checksum=checksum,
            )

    def report_backup_failed(self, backup_id: str, reason: str) -> None:
        """Note that a base backup could not be made."""
        if self.pending is not None and self.pending.id == backup_id:
            self.trigger_event(self.BackupFailed, backup_id=backup_id, reason=reason)

    def report_late(self, reason: str) -> None:
        """Note that something is not as it should be by now; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.BackupMissed, reason=reason)

    def report_drill(self, backup_id: str, verified_at: datetime, took_s: float) -> None:
        """Note that a backup was restored for a trial."""
        if any(each.id == backup_id for each in self.backups):
            self.trigger_event(self.DrillPassed, backup_id=backup_id, verified_at=verified_at, took_s=took_s)

    def report_drill_failed(self, backup_id: str, reason: str, now: datetime) -> None:
        """Note that a backup cannot be restored."""
        if any(each.id == backup_id and not each.is_damaged for each in self.backups):
            self.trigger_event(self.DrillFailed, backup_id=backup_id, reason=reason, failed_at=now)

    def drop_expired(self, now: datetime) -> None:
        """Drop the backups that need not be kept any more."""
        for each in expired(self.policy, self.backups, now):
            self.trigger_event(self.BackupDropped, backup_id=each.id)

    @property
    def newest(self) -> Backup | None:
        """The newest backup that is complete."""
        return max(self.backups, key=lambda each: each.ended_at, default=None)

    def _begin_backups(self, policy: dict[str, Any]) -> None:
        self.policy = Policy(**policy)
        self.backups: list[Backup] = []
        self.pending: Pending | None = None
        self.made = 0
        """How many backups were ever asked for."""
        self.last_began_at: datetime | None = None
        self.failures = 0
        """How many in a row were not made."""
        self.last_drill_at: datetime | None = None

    @event(PolicyChanged)
    def _policy_changed(self, policy: dict[str, Any]) -> None:
        self.policy = Policy(**policy)

    @event(BackupRequested)
    def _backup_requested(self, backup_id: str, why: Why, requested_at: datetime) -> None:
        self.pending = Pending(backup_id, why)
        self.made += 1
        self.last_began_at = requested_at

    @event(BackupCompleted)
    def _backup_completed(
        self,
        backup_id: str,
        began_at: datetime,  # noqa: ARG002 - for readers
        ended_at: datetime,
        size_bytes: int,
        begins: int,
        position: str,  # noqa: ARG002 - for readers
        checksum: str,  # noqa: ARG002 - for readers
    ) -> None:
        self.backups.append(Backup(backup_id, ended_at, begins, size_bytes))
        self.pending = None
        self.failures = 0
        if self.status == "error":
            self._turn("available")

    @event(BackupFailed)
    def _backup_failed(self, backup_id: str, reason: str) -> None:  # noqa: ARG002 - for readers
        self.pending = None
        self.failures += 1
        self._turn("error", reason)

    @event(BackupMissed)
    def _backup_missed(self, reason: str) -> None:
        self._turn("error", reason)

    @event(DrillPassed)
    def _drill_passed(self, backup_id: str, verified_at: datetime, took_s: float) -> None:  # noqa: ARG002
        self.last_drill_at = verified_at

    @event(DrillFailed)
    def _drill_failed(self, backup_id: str, reason: str, failed_at: datetime) -> None:
        self.backups = [
            replace(each, is_damaged=each.is_damaged or each.id == backup_id) for each in self.backups
        ]
        self.last_drill_at = failed_at
        self._turn("error", reason)

    @event(BackupDropped)
    def _backup_dropped(self, backup_id: str) -> None:
        self.backups = [each for each in self.backups if each.id != backup_id]
