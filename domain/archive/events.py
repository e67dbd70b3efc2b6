"""What happens to an archive, and what each event changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.archive.log import Backup
from domain.archive.schedule import Policy

if TYPE_CHECKING:
    from domain.archive.aggregate import Archive


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the containers of an archive are, while its database is not in the trash."""

    vpc_id: str
    receiver: str
    """Of the one that follows the log."""
    worker: str
    """Of the one that makes a backup, or restores one for a trial."""


class Event(Aggregate.Event):
    """What happened to an archive."""


class CreateRequested(Aggregate.Created):
    """A database was requested, and with it its archive, whose own credentials are sealed elsewhere."""

    account_id: str
    name: str
    database_id: str
    engine: str
    version: str
    image: str
    admin_id: str
    policy: dict[str, Any]
    tags: dict[str, str]

    def apply(self, aggregate: "Archive") -> None:
        aggregate.database_id = self.database_id
        aggregate.engine = self.engine
        aggregate.engine_version = self.version
        aggregate.image = self.image
        aggregate.admin_id = self.admin_id
        aggregate.policy = Policy(**self.policy)


class AddressesAssigned(Event):
    """Its containers have addresses in the VPC of the database."""

    vpc_id: str
    receiver: str
    worker: str

    def apply(self, aggregate: "Archive") -> None:
        aggregate.addresses = Addresses(self.vpc_id, self.receiver, self.worker)


class PolicyChanged(Event):
    """Backups are made at other times, or retained otherwise."""

    policy: dict[str, Any]

    def apply(self, aggregate: "Archive") -> None:
        aggregate.policy = Policy(**self.policy)


class BackupRequested(Event):
    """A base backup should be made."""

    backup_id: str
    why: str
    requested_at: datetime

    def apply(self, aggregate: "Archive") -> None:
        aggregate.history = aggregate.history.requested(self.backup_id, self.why, self.requested_at)


class BackupCompleted(Event):
    """A base backup is in the archive, with checksums."""

    backup_id: str
    began_at: datetime
    ended_at: datetime
    size_bytes: int
    begins: int
    position: str
    checksum: str

    def apply(self, aggregate: "Archive") -> None:
        backup = Backup(self.backup_id, self.ended_at, self.begins, self.size_bytes)
        aggregate.history = aggregate.history.completed(backup)
        if aggregate.status == "error":
            aggregate.set_status("available")


class BackupFailed(Event):
    """A base backup could not be made."""

    backup_id: str
    reason: str

    def apply(self, aggregate: "Archive") -> None:
        aggregate.history = aggregate.history.failed()
        aggregate.set_status("error", self.reason)


class BackupMissed(Event):
    """No base backup was made when one should have been."""

    reason: str

    def apply(self, aggregate: "Archive") -> None:
        aggregate.set_status("error", self.reason)


class DrillPassed(Event):
    """A backup was restored for a trial, compared with its checksums, and read."""

    backup_id: str
    verified_at: datetime
    took_s: float

    def apply(self, aggregate: "Archive") -> None:
        aggregate.history = aggregate.history.verified(self.verified_at)


class DrillFailed(Event):
    """A backup could not be restored for a trial; it is not used any more."""

    backup_id: str
    reason: str
    failed_at: datetime

    def apply(self, aggregate: "Archive") -> None:
        aggregate.history = aggregate.history.damaged(self.backup_id, self.failed_at)
        aggregate.set_status("error", self.reason)


class BackupDropped(Event):
    """A backup is not retained any more."""

    backup_id: str

    def apply(self, aggregate: "Archive") -> None:
        aggregate.history = aggregate.history.dropped(self.backup_id)


class Released(Event):
    """The database is being deleted; ``keep`` says whether the backups are retained afterwards, as by its policy."""

    keep: bool

    def apply(self, aggregate: "Archive") -> None:
        aggregate.keep = self.keep


class Closed(Event):
    """The database is deleted; the backups are retained until ``expires_at``."""

    window: list[dict[str, Any]]
    expires_at: datetime

    def apply(self, aggregate: "Archive") -> None:
        aggregate.window = tuple(self.window)
        aggregate.expires_at = self.expires_at
        aggregate.addresses = None
        aggregate.history = aggregate.history.closed()
        aggregate.set_status("available")


class Suspended(Event):
    """The database is in the trash: no backups are made. It can be restored to these time ranges meanwhile."""

    window: list[dict[str, Any]]

    def apply(self, aggregate: "Archive") -> None:
        aggregate.window = tuple(self.window)
        aggregate.addresses = None
        aggregate.is_suspended = True


class Resumed(Event):
    """The database was taken out of the trash, and is backed up again."""

    def apply(self, aggregate: "Archive") -> None:
        aggregate.window = ()
        aggregate.keep = None
        aggregate.is_suspended = False


class Renamed(Event):
    """Its database has another name."""

    name: str

    def apply(self, aggregate: "Archive") -> None:
        aggregate.name = self.name
