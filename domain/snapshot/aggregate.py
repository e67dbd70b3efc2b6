"""Snapshots are copies of volumes as they were at one moment. They outlive what they were taken of.

Rules
-----
* A snapshot is of one volume, or of every volume of the account at one moment.
* While it is taken, its volumes cannot be deleted.
* While a volume is restored from it, it cannot be deleted.
* Only what was taken and is not damaged is restored, and always into a new volume.
* What is damaged says so until it is verified again.
* Snapshots of an account share a repository, and each keeps the key that opens it.
* A copy of a snapshot at a target is a snapshot too: ``domain/snapshot/elsewhere.py`` has how one is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.snapshot.copies import Copied
from domain.snapshot.elsewhere import Copyable, Held, Original, SnapshotNotRestorable, restore_scope


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A snapshot as it is asked for."""

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


class Snapshot(Copyable):
    """Copies of volumes as they were at one moment."""

    PREFIX = "snap"

    class CreateRequested(Aggregate.Created):
        """A snapshot was asked for, of volumes or as a copy of another one."""

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
            """Let a snapshot of which nothing else is known be of volumes, and here."""
            payload |= {"target": "", "copied_from": None}

    class Taken(Aggregate.Event):
        """The copies are there: of the moment when the log had this position."""

        copy_id: str
        taken_at: datetime
        log_position: int
        files: int
        bytes: int
        added_bytes: int
        paused: list[str]
        pause_ms: int
        restore_points: list[dict[str, str]]

    class VerificationRequested(Aggregate.Event):
        """Somebody wants to know whether the copies can be read."""

    class Verified(Aggregate.Event):
        """Everything the snapshot holds was read back and is as it was written."""

        verified_at: datetime

    class Damaged(Aggregate.Event):
        """The copies cannot be read as they were written."""

        reason: str

    @classmethod
    def create(cls, new: NewSnapshot) -> Self:
        """Ask for a snapshot. Raises Invalid."""
        if not new.volumes:
            raise Invalid(
                "cannot take a snapshot of no volume: create one first, and wait until it is available",
                field="volume",
            )
        snapshot = cls(
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
        """Give the copies up; refused on saving while a volume is restored, or a copy made, from them."""
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
            what = "without `volume`" if volume is None else f"volume {values.shown(volume)}"
            raise Invalid(
                f"cannot restore {what} from snapshot {self.name}: it holds {names}", field="volume"
            )
        return found[0]

    def request_verification(self) -> None:
        """Have everything read back. Raises BeingDeleted, SnapshotNotRestorable."""
        self.refuse_if_deleting()
        if not self.was_taken:
            raise SnapshotNotRestorable(
                f"cannot verify snapshot {self.name}: it is {self.status}; wait for it"
            )
        if self.is_verified:
            self.trigger_event(self.VerificationRequested)

    def report_available(self) -> None:
        """Note that what kept it from being verified is gone."""
        if self.was_taken and self.damage is None:
            super().report_available()

    def report_taken(
        self,
        copied: Copied,
        *,
        taken_at: datetime,
        log_position: int,
        paused: Sequence[str],
        pause_ms: int,
        restore_points: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Note that the copies are there."""
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
        """Note that everything was read back."""
        if not self.is_deleting:
            self.trigger_event(self.Verified, verified_at=at)

    def report_damaged(self, reason: str) -> None:
        """Note what cannot be read."""
        if not self.is_deleting:
            self.trigger_event(self.Damaged, reason=reason)

    def held_claims(self) -> list[Claim]:
        """Return its name and place in the repository; while they count, that it lives, and what it is made from."""
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
        """Return the claim that stands while volumes may be restored from it, and others join its repository."""
        return Claim("alive", self.public_id, self.id)

    @property
    def volume_ids(self) -> tuple[str, ...]:
        """What it is a snapshot of."""
        return tuple(volume["id"] for volume in self.volumes)

    def _source_claims(self) -> list[Claim]:
        if self.original is not None:
            return [Claim(restore_scope(self.original.snapshot_id), self.public_id, self.id, self.name)]
        return [Claim(copy_scope(id_), self.public_id, self.id, self.name) for id_ in self.volume_ids]

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - the fields of the event
        self,
        account_id: str,
        name: str,
        volumes: list[dict[str, Any]],
        is_of_all: bool,  # noqa: FBT001 - as above
        skipped: list[dict[str, str]],  # noqa: ARG002 - part of the fact
        repository_id: str,
        key_id: str,
        tags: dict[str, str],
        target: str,
        copied_from: dict[str, Any] | None,
    ) -> None:
        self._begin(account_id, name, tags)
        self._begin_copies()
        self.target = target
        self.original = Original.from_json(copied_from) if copied_from else None
        self.volumes = volumes
        self.is_of_all = is_of_all
        self.repository_id = repository_id
        self.key_id = key_id
        self.copy_id = ""
        self.taken_at: datetime | None = None
        self.is_verified = False
        self.is_asked_to_verify = False

    @event(Taken)
    def _taken(  # noqa: PLR0913, PLR0917 - the fields of the event
        self,
        copy_id: str,
        taken_at: datetime,
        log_position: int,
        files: int,
        bytes: int,  # noqa: A002 - as the fact has it
        added_bytes: int,  # noqa: ARG002 - part of the fact, and no rule needs it
        paused: list[str],  # noqa: ARG002 - as above
        pause_ms: int,  # noqa: ARG002 - as above
        restore_points: list[dict[str, str]],
    ) -> None:
        self.copy_id = copy_id
        self.taken_at = taken_at
        self.held = Held(log_position, files, bytes, restore_points)
        self.was_taken = True
        self.was_available = True
        self._turn("available")

    @event(VerificationRequested)
    def _verification_requested(self) -> None:
        self.is_verified = False
        self.is_asked_to_verify = True

    @event(Verified)
    def _verified(self, verified_at: datetime) -> None:  # noqa: ARG002 - part of the fact
        self.is_verified = True
        self.damage = None
        self._turn("available")

    @event(Damaged)
    def _damaged(self, reason: str) -> None:
        self.is_verified = True
        self.damage = reason
        self._turn("error", reason)


def copy_scope(volume_id: str) -> str:
    """Return the scope of claims that hold while snapshots of a volume are taken."""
    return f"copy/{volume_id}"


def repository_scope(repository_id: str) -> str:
    """Return the scope of claims that the snapshots in a repository hold."""
    return f"copies/{repository_id}"
