"""Snapshots are copies of volumes as they were at one moment. They outlive what they were taken of.

Rules
-----
* A snapshot is of one volume, or of every volume of the account at one moment.
* While it is taken, its volumes cannot be deleted.
* While a volume is restored from it, it cannot be deleted.
* Only a snapshot that was taken and is not damaged is restored, and always into a new volume.
* A snapshot that is damaged has the status ``error`` until it is verified again.
* Snapshots of an account share a repository, and each has the key that opens it.
* A copy of a snapshot at a target is a snapshot, too: see ``offsite_copies.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from domain import values
from domain.aggregate import Claim
from domain.errors import Conflict, Invalid
from domain.managed import Managed
from domain.snapshot import events
from domain.snapshot.copies import CopyResult
from domain.snapshot.offsite_copies import (
    Contents,
    OffsiteCopy,
    Original,
    SnapshotNotRestorable,
    restore_scope,
)


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A snapshot as it is requested."""

    account_id: str
    name: str
    volumes: Sequence[Mapping[str, Any]]
    """Each with ``id``, ``name`` and ``size_gb``."""
    repository_id: str
    key_id: UUID
    is_of_all: bool = False
    skipped: Sequence[Mapping[str, str]] = ()
    """Volumes of the account that could not be included, each with ``id``, ``name`` and ``reason``."""
    target: str = ""
    """Where its repository is; here, unless a target is named."""
    original: Original | None = None
    """What it is a copy of."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Snapshot(Managed):
    """Copies of volumes as they were at one moment."""

    PREFIX = "snap"

    volumes: list[dict[str, Any]]
    is_of_all: bool
    repository_id: str
    key_id: str
    target: str
    """Where its repository is; empty for here."""
    original: Original | None
    """The snapshot that it is a copy of."""
    copies: Mapping[str, OffsiteCopy]
    """Its copies at targets, by id of the snapshot that each is."""
    held: Contents
    """Set when it is taken."""
    copy_id: str = ""
    taken_at: datetime | None = None
    was_taken: bool = False
    is_verified: bool = False
    is_asked_to_verify: bool = False
    damage: str | None = None

    Event = events.Event
    CreateRequested = events.CreateRequested
    Taken = events.Taken
    VerificationRequested = events.VerificationRequested
    Verified = events.Verified
    Damaged = events.Damaged
    CopyRequested = events.CopyRequested
    Copied = events.Copied
    CopyFailed = events.CopyFailed
    CopyDropped = events.CopyDropped

    @classmethod
    def create(cls, new: NewSnapshot) -> Self:
        """Request a snapshot. Raises Invalid."""
        if not new.volumes:
            raise Invalid(
                "cannot take a snapshot: there is no volume; create one first, and wait until it is available",
                field="volume",
            )
        snapshot = cls._create(
            cls.CreateRequested,
            account_id=new.account_id,
            name=values.name(new.name),
            volumes=[dict(volume) for volume in new.volumes],
            is_of_all=new.is_of_all,
            skipped=[dict(volume) for volume in new.skipped],
            repository_id=new.repository_id,
            key_id=str(new.key_id),
            tags=values.tags(new.tags),
            target=new.target,
            copied_from=new.original.as_json() if new.original else None,
        )
        snapshot.conditions.claims += snapshot.held_claims()
        return snapshot

    def delete(self) -> None:
        """Request its deletion; refused on saving while a volume is restored, or a copy made, from it."""
        if not self.is_deleting:
            self.conditions.unused.append(restore_scope(self.public_id))
            self.conditions.releases.append(self.alive_claim())
            if not self.was_taken:
                self.conditions.releases += self._source_claims()
        super().delete()

    def restorable(self, volume: str | None) -> dict[str, Any]:
        """Return the volume to restore, by id or name, or the only one. Raises SnapshotNotRestorable, Invalid."""
        self.refuse_unless_readable("restore")
        if volume is None and len(self.volumes) == 1:
            return self.volumes[0]
        found = [each for each in self.volumes if volume in {each["id"], each["name"]}]
        if not found:
            names = ", ".join(each["name"] for each in self.volumes)
            raise values.must("volume", f"be one of {names} for snapshot {self.name}", volume)
        return found[0]

    def request_verification(self) -> None:
        """Request that everything is read back. Raises BeingDeleted, SnapshotNotRestorable."""
        self.refuse_if_deleting()
        if not self.was_taken:
            raise SnapshotNotRestorable(
                f"cannot verify snapshot {self.name}: it is {self.status}; wait for it"
            )
        if self.is_verified:
            self.trigger_event(self.VerificationRequested)

    def report_available(self) -> None:
        """Record that it can be verified again."""
        if self.was_taken and self.damage is None:
            super().report_available()

    def report_taken(
        self,
        copied: CopyResult,
        *,
        taken_at: datetime,
        log_position: int,
        paused: Sequence[str],
        pause_ms: int,
        restore_points: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Record that the copies of the volumes are complete."""
        if self.was_taken or self.is_deleting:
            return
        self.conditions.releases += self._source_claims()
        self.trigger_event(
            self.Taken,
            copy_id=copied.copy_id,
            taken_at=taken_at,
            log_position=log_position,
            files=copied.files,
            bytes=copied.bytes,
            added_bytes=copied.added_bytes,
            paused=list(paused),
            pause_ms=pause_ms,
            restore_points=[dict(point) for point in restore_points],
        )

    def report_verified(self, at: datetime) -> None:
        """Record that everything was read back."""
        if not self.is_deleting:
            self.trigger_event(self.Verified, verified_at=at)

    def report_damaged(self, reason: str) -> None:
        """Record what cannot be read."""
        if not self.is_deleting:
            self.trigger_event(self.Damaged, reason=reason)

    def note_copy(self, snapshot_id: str, snapshot_name: str, target: str) -> None:
        """Record a copy that was requested."""
        self.trigger_event(
            self.CopyRequested, snapshot_id=snapshot_id, snapshot_name=snapshot_name, target=target
        )

    def report_copied(self, snapshot_id: str, added_bytes: int, took_ms: int) -> None:
        """Record that a copy is complete; once."""
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
        """Record why a copy could not be made; once per reason."""
        found = self.copies.get(snapshot_id)
        if found and found.state != "available" and found.reason != reason:
            self.trigger_event(self.CopyFailed, snapshot_id=snapshot_id, target=found.target, reason=reason)

    def report_copy_dropped(self, snapshot_id: str) -> None:
        """Record that a copy was deleted."""
        if found := self.copies.get(snapshot_id):
            self.trigger_event(self.CopyDropped, snapshot_id=snapshot_id, target=found.target)

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
        """Raise BeingDeleted, SnapshotNotRestorable, or Conflict when it is a copy itself."""
        self.refuse_unless_readable("copy")
        if self.target:
            raise Conflict(
                f"cannot copy snapshot {self.name}: it is a copy itself, at {self.target}; copy the one it was made "
                "from, or restore it and take a snapshot of the new volume"
            )

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name, its repository and, until its deletion is requested, on its sources."""
        if self.status == "deleted":
            return []
        claims = [self.name_claim(), Claim(repository_scope(self.repository_id), self.public_id, self.id)]
        claims += [self.original.claim(self.target, self.id, self.name)] if self.original else []
        if self.is_deleting:
            return claims
        return [*claims, self.alive_claim(), *([] if self.was_taken else self._source_claims())]

    def held_secrets(self) -> list[UUID]:
        """Return the key that opens the repository."""
        return [] if self.status == "deleted" else [UUID(self.key_id)]

    def alive_claim(self) -> Claim:
        """Return the claim that holds while volumes may be restored from it, and others join its repository."""
        return Claim("alive", self.public_id, self.id)

    @property
    def volume_ids(self) -> tuple[str, ...]:
        """The ids of the volumes that it is a snapshot of."""
        return tuple(volume["id"] for volume in self.volumes)

    def _source_claims(self) -> list[Claim]:
        if self.original is not None:
            return [Claim(restore_scope(self.original.snapshot_id), self.public_id, self.id, self.name)]
        return [Claim(copy_scope(id_), self.public_id, self.id, self.name) for id_ in self.volume_ids]


def copy_scope(volume_id: str) -> str:
    """Return the scope of claims that hold while snapshots of a volume are taken."""
    return f"copy/{volume_id}"


def repository_scope(repository_id: str) -> str:
    """Return the scope of claims that the snapshots in a repository hold."""
    return f"copies/{repository_id}"
