"""Copies of snapshots at targets: places elsewhere that whoever runs the cloud has named.

Rules
-----
* A copy is a snapshot of its own, of the same moment: it is verified, restored and deleted as any other, has a key of
  its own, and outlives what it was copied from.
* Until it is made, what it is copied from cannot be deleted.
* A snapshot has one copy at a target at a time, and knows of it.
* Only a snapshot that is here, and can be read, is copied.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.managed import Managed


class SnapshotNotRestorable(Conflict):
    """cannot restore a snapshot that was not taken yet, or is damaged"""

    code = "snapshot_not_restorable"


@dataclass(frozen=True, slots=True)
class Target:
    """A place that snapshots can be copied to."""

    name: str
    kind: Literal["folder", "s3"]


class Targets(Protocol):
    """Knows the places that snapshots can be copied to."""

    async def known(self) -> list[Target]:
        """Return them by name. Raises Refused when whoever runs the cloud has to correct something."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What a snapshot holds, besides its volumes: the same for every copy of it."""

    log_position: int
    files: int
    bytes: int
    restore_points: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Original:
    """What a copy is made from."""

    snapshot_id: str
    name: str
    repository_id: str
    key_id: str
    copy_id: str
    taken_at: datetime
    held: Held

    def as_json(self) -> dict[str, Any]:
        """Return it for an event."""
        return asdict(self) | {"taken_at": self.taken_at.isoformat()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return what an event holds."""
        held, taken_at = Held(**stored["held"]), datetime.fromisoformat(stored["taken_at"])
        more: dict[str, Any] = {"held": held, "taken_at": taken_at}
        return cls(**(stored | more))

    def claim(self, target: str, owner: UUID, name: str) -> Claim:
        """Return the claim that makes a copy the only one at its target."""
        return Claim(elsewhere_scope(self.snapshot_id), target, owner, name)


class Copyable(Managed, is_abstract=True):
    """What copies can be made of, and knows of them."""

    class CopyRequested(Aggregate.Event):
        """A copy at a target was asked for: that snapshot."""

        snapshot_id: str
        snapshot_name: str
        target: str

    class Copied(Aggregate.Event):
        """The copy is there; the target grew by so much for it."""

        snapshot_id: str
        target: str
        bytes: int
        added_bytes: int
        took_ms: int

    class CopyFailed(Aggregate.Event):
        """The copy could not be made yet."""

        snapshot_id: str
        target: str
        reason: str

    class CopyDropped(Aggregate.Event):
        """The copy was deleted."""

        snapshot_id: str
        target: str

    target: str
    held: Held

    def refuse_unless_readable(self, what: str) -> None:
        """Raise BeingDeleted, or SnapshotNotRestorable."""
        self.refuse_if_deleting()
        if not self.was_taken:
            raise SnapshotNotRestorable(
                f"cannot {what} snapshot {self.name}: it is {self.status}; wait for it"
            )
        if self.damage is not None:
            raise SnapshotNotRestorable(
                f"cannot {what} snapshot {self.name}: it is damaged ({self.damage}); use another snapshot"
            )

    def refuse_to_copy(self) -> None:
        """Raise what stands against a copy of it: BeingDeleted, SnapshotNotRestorable, Conflict."""
        self.refuse_unless_readable("copy")
        if self.target:
            raise Conflict(
                f"cannot copy snapshot {self.name}: it is a copy itself, at {self.target}; copy the one it was made "
                "from, or restore it and take a snapshot of the new volume"
            )

    def note_copy(self, snapshot_id: str, snapshot_name: str, target: str) -> None:
        """Note the copy that was asked for."""
        self.trigger_event(
            self.CopyRequested, snapshot_id=snapshot_id, snapshot_name=snapshot_name, target=target
        )

    def report_copied(self, snapshot_id: str, added_bytes: int, took_ms: int) -> None:
        """Note that a copy is there; once."""
        if (found := self.copies.get(snapshot_id)) and found.state != "available":
            self.trigger_event(
                self.Copied,
                snapshot_id=snapshot_id,
                target=found.target,
                bytes=self.held.bytes,
                added_bytes=added_bytes,
                took_ms=took_ms,
            )

    def report_copy_failed(self, snapshot_id: str, reason: str) -> None:
        """Note why a copy could not be made; once per reason."""
        found = self.copies.get(snapshot_id)
        if found and found.state != "available" and found.reason != reason:
            self.trigger_event(self.CopyFailed, snapshot_id=snapshot_id, target=found.target, reason=reason)

    def report_copy_dropped(self, snapshot_id: str) -> None:
        """Note that a copy is gone."""
        if found := self.copies.get(snapshot_id):
            self.trigger_event(self.CopyDropped, snapshot_id=snapshot_id, target=found.target)

    def _begin_copies(self) -> None:
        self.was_taken = False
        self.damage: str | None = None
        self.copies: dict[str, CopyAt] = {}

    @event(CopyRequested)
    def _copy_requested(self, snapshot_id: str, snapshot_name: str, target: str) -> None:  # noqa: ARG002 - for readers
        self.copies = self.copies | {snapshot_id: CopyAt(target)}

    @event(Copied)
    def _copied(self, snapshot_id: str, target: str, bytes: int, added_bytes: int, took_ms: int) -> None:  # noqa: A002, ARG002 - the fields of the event
        self.copies = self.copies | {snapshot_id: CopyAt(target, "available")}

    @event(CopyFailed)
    def _copy_failed(self, snapshot_id: str, target: str, reason: str) -> None:
        self.copies = self.copies | {snapshot_id: CopyAt(target, "error", reason)}

    @event(CopyDropped)
    def _copy_dropped(self, snapshot_id: str, target: str) -> None:  # noqa: ARG002 - part of the fact
        self.copies = {id_: copy for id_, copy in self.copies.items() if id_ != snapshot_id}


@dataclass(frozen=True, slots=True)
class CopyAt:
    """What a snapshot knows of a copy of it."""

    target: str
    state: Literal["creating", "available", "error"] = "creating"
    reason: str | None = None


def copy_name(snapshot: str, target: str) -> str:
    """Return what a copy is called unless it is said."""
    return f"{snapshot}-{target}"


def find_target(known: Sequence[Target], name: str) -> Target | None:
    """Return the target of a name."""
    return next((target for target in known if target.name == name), None)


def restore_scope(snapshot_id: str) -> str:
    """Return the scope of claims that hold while volumes are restored, or copies made, from a snapshot."""
    return f"restore/{snapshot_id}"


def elsewhere_scope(snapshot_id: str) -> str:
    """Return the scope of claims that the copies of a snapshot hold, by target."""
    return f"elsewhere/{snapshot_id}"
