"""What happens to a database besides what happens to every server, and what each event changes."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.database.replication import Replication
from domain.database.restoration import Restoration
from domain.database.swap import Swap

if TYPE_CHECKING:
    from domain.database.aggregate import Database


class Event(Aggregate.Event):
    """What happened to a database."""


class RestoreRequested(Event):
    """It should begin as another database was at a moment, or without one, as a backup is."""

    source_id: str
    source_name: str
    archive_id: str
    backup_id: str
    to: datetime | None
    is_latest: bool

    def apply(self, aggregate: "Database") -> None:
        aggregate.restoration = Restoration(
            self.source_id, self.source_name, self.archive_id, self.backup_id, self.to, self.is_latest
        )
        aggregate.set_status("restoring")


class RestoreAdvanced(Event):
    """The restore of its files has reached this step."""

    step: str

    def apply(self, aggregate: "Database") -> None:
        if aggregate.restoration is not None:
            aggregate.restoration = aggregate.restoration.advanced(self.step)
        aggregate.set_status("restoring")


class Restored(Event):
    """Its files are restored; the last change in them was made at ``reached``."""

    reached: datetime | None
    took_s: float

    def apply(self, aggregate: "Database") -> None:
        if aggregate.restoration is not None:
            aggregate.restoration = aggregate.restoration.completed()
        aggregate.set_status("starting")


class BackupAwaited(Event):
    """Clients can use it, but it cannot be restored yet: its first backup is not complete, or failed."""

    reason: str | None

    def apply(self, aggregate: "Database") -> None:
        aggregate.has_awaited_backup = True
        aggregate.set_status("backing-up", self.reason)


class Prepared(Event):
    """Its parameters are set, except those that are applied by a restart."""

    server: str
    pending_restart: list[str]

    def apply(self, aggregate: "Database") -> None:
        aggregate.server = self.server
        aggregate.pending_restart = tuple(self.pending_restart)


class ReplicaRequested(Event):
    """It should be a replica of another database, with a password of its own for that, sealed under this id."""

    source_id: str
    source_name: str
    source_login_id: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.replica_of = Replication(self.source_id, self.source_name, self.source_login_id)


class Copied(Event):
    """Its files are a copy of those of its source; from now on it follows."""

    took_s: float

    def apply(self, aggregate: "Database") -> None:
        if aggregate.replica_of is not None:
            aggregate.replica_of = aggregate.replica_of.copied()
        aggregate.set_status("starting")


class CopyOutdated(Event):
    """Its source no longer has the log that it needs, so that another copy is made."""

    reason: str

    def apply(self, aggregate: "Database") -> None:
        if aggregate.replica_of is not None:
            aggregate.replica_of = aggregate.replica_of.outdated()
        aggregate.run = aggregate.run.crashed()
        aggregate.set_status("creating", self.reason)


class ReplicationInterrupted(Event):
    """It no longer receives what its source writes; what it has can be read."""

    reason: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.set_status("error", self.reason)


class PromotionRequested(Event):
    """It should be a database of its own, with this password, which is that of its source."""

    login_id: str

    def apply(self, aggregate: "Database") -> None:
        if aggregate.replica_of is not None:
            aggregate.replica_of = aggregate.replica_of.promotion_requested()
        aggregate.credentials = aggregate.credentials.replaced(self.login_id)
        aggregate.set_status("promoting")


class Promoted(Event):
    """It is a database of its own, from this position of its source's log on.

    The last change in it was made at ``last_change_at``. It lacks the last ``behind_bytes`` that its source wrote;
    None: the source did not answer.
    """

    position: str
    last_change_at: datetime | None
    behind_bytes: int | None

    def apply(self, aggregate: "Database") -> None:
        aggregate.replica_of = None
        # It was available as a replica; as a database of its own it has no backup yet.
        aggregate.was_available = False
        aggregate.set_status("starting")


class ReplicaAdmitted(Event):
    """Another database may follow it."""

    replica_id: str
    replica_name: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.followers = aggregate.followers.admitted(self.replica_id, self.replica_name)


class ReplicaReleased(Event):
    """Another database no longer follows it: it was promoted or deleted."""

    replica_id: str
    replica_name: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.followers = aggregate.followers.released(self.replica_id)


class ReplicaDismissed(Event):
    """It retains nothing any more for a former replica."""

    replica_id: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.followers = aggregate.followers.dismissed(self.replica_id)


class SwapRequested(Event):
    """It should take the place of another database when it is restored; it has a copy of that one's password."""

    target_id: str
    target_name: str
    target_publish: int | None
    target_login_id: str

    def apply(self, aggregate: "Database") -> None:
        aggregate.swap = Swap(self.target_id, self.target_name, self.target_publish, self.target_login_id)


class Replaced(Event):
    """Another database takes its place. It is kept in the trash under this name, until ``purges_at``."""

    name: str
    successor_id: str
    replaced_at: datetime
    purges_at: datetime

    def apply(self, aggregate: "Database") -> None:
        aggregate.name = self.name
        aggregate.publish = None
        aggregate.replaced_at = self.replaced_at
        aggregate.successor_id = self.successor_id
        aggregate.is_deleting = True
        aggregate.purges_at = self.purges_at
        aggregate.set_status("deleting")


class PlaceTaken(Event):
    """It has the name and the host port of the database that it replaces; another container publishes them."""

    name: str
    publish: int | None
    began_at: datetime

    def apply(self, aggregate: "Database") -> None:
        aggregate.name = self.name
        aggregate.publish = self.publish
        if aggregate.swap is not None:
            aggregate.swap = aggregate.swap.place_taken(self.began_at)
        aggregate.run = aggregate.run.replacement_requested()
        aggregate.set_status("modifying")


class Swapped(Event):
    """A client has used it in its new place. There was no database for this long."""

    unavailable_s: float

    def apply(self, aggregate: "Database") -> None:
        if aggregate.swap is not None:
            aggregate.swap = aggregate.swap.completed()
