"""What happens to a snapshot, and what each event changes."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.snapshot.offsite_copies import Contents, OffsiteCopy, Original

if TYPE_CHECKING:
    from domain.snapshot.aggregate import Snapshot


class Event(Aggregate.Event):
    """What happened to a snapshot."""


class CreateRequested(Aggregate.Created):
    """A snapshot was requested, of volumes or as a copy of another one."""

    class_version = 2

    account_id: str
    name: str
    volumes: list[dict[str, Any]]
    is_of_all: bool
    skipped: list[dict[str, str]]
    repository_id: str
    key_id: str
    tags: dict[str, str]
    target: str
    copied_from: dict[str, Any] | None

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add that it is of volumes, and stored here."""
        payload |= {"target": "", "copied_from": None}

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.volumes = self.volumes
        aggregate.is_of_all = self.is_of_all
        aggregate.repository_id = self.repository_id
        aggregate.key_id = self.key_id
        aggregate.target = self.target
        aggregate.original = Original.from_json(self.copied_from) if self.copied_from else None
        aggregate.copies = {}


class Taken(Event):
    """The copies of the volumes are complete, as of this position of the log."""

    copy_id: str
    taken_at: datetime
    log_position: int
    files: int
    bytes: int
    added_bytes: int
    paused: list[str]
    pause_ms: int
    restore_points: list[dict[str, str]]

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.copy_id = self.copy_id
        aggregate.taken_at = self.taken_at
        aggregate.held = Contents(self.log_position, self.files, self.bytes, self.restore_points)
        aggregate.was_taken = True
        aggregate.was_available = True
        aggregate.set_status("available")


class VerificationRequested(Event):
    """Everything in it should be read back."""

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.is_verified = False
        aggregate.is_asked_to_verify = True


class Verified(Event):
    """Everything in it was read back and is as it was written."""

    verified_at: datetime

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.is_verified = True
        aggregate.damage = None
        aggregate.set_status("available")


class Damaged(Event):
    """It cannot be read as it was written."""

    reason: str

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.is_verified = True
        aggregate.damage = self.reason
        aggregate.set_status("error", self.reason)


class CopyRequested(Event):
    """A copy at a target was requested: that snapshot."""

    snapshot_id: str
    snapshot_name: str
    target: str

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.copies = {**aggregate.copies, self.snapshot_id: OffsiteCopy(self.target)}


class Copied(Event):
    """A copy at a target is complete; the target grew by ``added_bytes``."""

    snapshot_id: str
    target: str
    bytes: int
    added_bytes: int
    took_ms: int

    def apply(self, aggregate: "Snapshot") -> None:
        copy = OffsiteCopy(self.target, "available")
        aggregate.copies = {**aggregate.copies, self.snapshot_id: copy}


class CopyFailed(Event):
    """A copy at a target could not be made yet."""

    snapshot_id: str
    target: str
    reason: str

    def apply(self, aggregate: "Snapshot") -> None:
        copy = OffsiteCopy(self.target, "error", self.reason)
        aggregate.copies = {**aggregate.copies, self.snapshot_id: copy}


class CopyDropped(Event):
    """A copy at a target was deleted."""

    snapshot_id: str
    target: str

    def apply(self, aggregate: "Snapshot") -> None:
        aggregate.copies = {id_: copy for id_, copy in aggregate.copies.items() if id_ != self.snapshot_id}
