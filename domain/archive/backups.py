"""The base backups of an archive, as they were requested, made, verified and dropped.

Every method of ``Backups`` that is named after an event returns the backups after that event.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from domain.archive.log import Backup
from domain.errors import Conflict

Why = Literal["first", "scheduled", "manual", "final", "again"]


class BackupUnderWay(Conflict):
    """cannot start a backup while another one is in progress"""

    code = "backup_under_way"


class ArchiveClosed(Conflict):
    """cannot back up a deleted database"""

    code = "archive_closed"


@dataclass(frozen=True, slots=True)
class Pending:
    """A backup that is being made."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Backups:
    """The backups that are complete, the one that is being made, and when they were requested and verified."""

    complete: tuple[Backup, ...] = ()
    pending: Pending | None = None
    made: int = 0
    """How many backups were ever requested."""
    last_began_at: datetime | None = None
    failures: int = 0
    """How many in a row were not made."""
    last_drill_at: datetime | None = None

    def requested(self, backup_id: str, why: str, at: datetime) -> "Backups":
        """Return the backups when another one is being made."""
        return replace(self, pending=Pending(backup_id, why), made=self.made + 1, last_began_at=at)

    def completed(self, backup: Backup) -> "Backups":
        """Return the backups with another one."""
        return replace(self, complete=(*self.complete, backup), pending=None, failures=0)

    def failed(self) -> "Backups":
        """Return the backups after one could not be made."""
        return replace(self, pending=None, failures=self.failures + 1)

    def verified(self, at: datetime) -> "Backups":
        """Return the backups after a successful trial."""
        return replace(self, last_drill_at=at)

    def damaged(self, backup_id: str, at: datetime) -> "Backups":
        """Return the backups after a trial that showed that one is damaged."""
        complete = tuple(
            replace(each, is_damaged=each.is_damaged or each.id == backup_id) for each in self.complete
        )
        return replace(self, complete=complete, last_drill_at=at)

    def dropped(self, backup_id: str) -> "Backups":
        """Return the backups without one of them."""
        return replace(self, complete=tuple(each for each in self.complete if each.id != backup_id))

    def closed(self) -> "Backups":
        """Return the backups when no other one will be made."""
        return replace(self, pending=None)

    def find(self, backup_id: str) -> Backup | None:
        """Return a backup that is complete."""
        return next((each for each in self.complete if each.id == backup_id), None)

    @property
    def newest(self) -> Backup | None:
        """The newest backup that is complete."""
        return max(self.complete, key=lambda each: each.ended_at, default=None)
