"""Archives: the base backups and the log of one database, from which any moment of it is restored elsewhere.

Rules
-----
* An archive belongs to one database and outlives it, until its last backup is not retained any more.
* What is restored is another database with an archive of its own; nothing is written into this one.
* One backup is made at a time. A failed one is reported with the reason, and retried.
* A backup that does not match its checksums is never restored from.
* While the database is in the trash, no backup is made and none is dropped.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid5

from domain import values
from domain.aggregate import Claim
from domain.archive import events
from domain.archive.backups import ArchiveClosed, Backups, BackupUnderWay, Pending, Why
from domain.archive.events import Addresses
from domain.archive.log import Backup, NotRestorable
from domain.archive.schedule import Policy, check, expired
from domain.errors import Conflict
from domain.managed import Managed
from domain.subnet import address_claims


class ArchiveInUse(Conflict):
    """cannot delete the archive of an existing database"""

    code = "archive_in_use"


class Archive(Managed):
    """What one database can be restored from."""

    PREFIX = "arc"
    IS_PART = True

    database_id: str
    engine: str
    engine_version: str
    image: str
    admin_id: str
    policy: Policy
    history: Backups = Backups()
    keep: bool | None = None
    """Whether the backups outlive the database; None until its deletion is requested."""
    window: tuple[dict[str, Any], ...] = ()
    """The time ranges that can be restored, once the database is in the trash or deleted."""
    addresses: Addresses | None = None
    """Where its containers are in the VPC of the database; None while it has none."""
    is_suspended: bool = False
    """Whether the database is in the trash."""
    expires_at: datetime | None = None

    Event = events.Event
    CreateRequested = events.CreateRequested
    AddressesAssigned = events.AddressesAssigned
    PolicyChanged = events.PolicyChanged
    BackupRequested = events.BackupRequested
    BackupCompleted = events.BackupCompleted
    BackupFailed = events.BackupFailed
    BackupMissed = events.BackupMissed
    DrillPassed = events.DrillPassed
    DrillFailed = events.DrillFailed
    BackupDropped = events.BackupDropped
    Released = events.Released
    Closed = events.Closed
    Suspended = events.Suspended
    Resumed = events.Resumed
    Renamed = events.Renamed

    @staticmethod
    def create_id(database_id: str) -> UUID:
        """Return the id of a database's archive."""
        return archive_uuid(database_id)

    @classmethod
    def create(  # noqa: PLR0913 - what an archive is made of
        cls,
        *,
        account_id: str,
        database_id: str,
        name: str,
        engine: str,
        version: str,
        image: str,
        admin_id: UUID,
        policy: Policy,
        tags: Mapping[str, str],
    ) -> Self:
        """Request an archive. Raises Invalid."""
        return cls._create(
            cls.CreateRequested,
            account_id=account_id,
            name=name,
            database_id=database_id,
            engine=engine,
            version=version,
            image=image,
            admin_id=str(admin_id),
            policy=check(policy).as_json(),
            tags=values.tags(tags),
        )

    def assign_addresses(self, addresses: Addresses) -> None:
        """Assign its containers addresses; saving raises when somebody else has one."""
        before = self._address_claims()
        self.trigger_event(self.AddressesAssigned, **asdict(addresses))
        after = self._address_claims()
        self.conditions.releases += [each for each in before if each not in after]
        self.conditions.claims += [each for each in after if each not in before]

    def change_policy(self, policy: Policy) -> None:
        """Request another policy. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if check(policy) != self.policy:
            self.trigger_event(self.PolicyChanged, policy=policy.as_json())

    def request_backup(self, why: Why, now: datetime) -> str:
        """Request a base backup and return its id. Raises BeingDeleted, ArchiveClosed, BackupUnderWay."""
        self.refuse_if_deleting()
        if self.expires_at is not None:
            raise ArchiveClosed(f"cannot back up {self.name}: it is deleted; its last backups are still here")
        if self.is_suspended:
            raise ArchiveClosed(f"cannot back up {self.name}: it is in the trash; restore it first")
        if self.pending is not None:
            raise BackupUnderWay(f"cannot back up {self.name}: {self.pending.id} is being made; wait for it")
        backup_id = f"b{self.made + 1}"
        self.trigger_event(self.BackupRequested, backup_id=backup_id, why=why, requested_at=now)
        return backup_id

    def report_backup(self, found: Backup, began_at: datetime, position: str, checksum: str) -> None:
        """Record a base backup that is complete."""
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
        """Record that a base backup could not be made."""
        if self.pending is not None and self.pending.id == backup_id:
            self.trigger_event(self.BackupFailed, backup_id=backup_id, reason=reason)

    def report_late(self, reason: str) -> None:
        """Record why something that is due has not happened; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.BackupMissed, reason=reason)

    def report_drill(self, backup_id: str, verified_at: datetime, took_s: float) -> None:
        """Record that a backup was restored for a trial."""
        if self.history.find(backup_id) is not None:
            self.trigger_event(self.DrillPassed, backup_id=backup_id, verified_at=verified_at, took_s=took_s)

    def report_drill_failed(self, backup_id: str, reason: str, now: datetime) -> None:
        """Record that a backup cannot be restored."""
        found = self.history.find(backup_id)
        if found is not None and not found.is_damaged:
            self.trigger_event(self.DrillFailed, backup_id=backup_id, reason=reason, failed_at=now)

    def drop_expired(self, now: datetime) -> None:
        """Drop the backups that are not retained any more."""
        for each in expired(self.policy, self.backups, now):
            self.trigger_event(self.BackupDropped, backup_id=each.id)

    def release(self, *, keep: bool) -> None:
        """Record that the database is being deleted, and whether the backups outlive it."""
        if self.keep is None:
            self.trigger_event(self.Released, keep=keep)

    def suspend(self, window: list[dict[str, Any]]) -> None:
        """Record that the database is in the trash, and to which time ranges it can be restored meanwhile."""
        if not self.is_suspended and self.expires_at is None:
            self.conditions.releases += self._address_claims()
            self.trigger_event(self.Suspended, window=window)

    def resume(self) -> None:
        """Record that the database was taken out of the trash."""
        if self.expires_at is None and (self.is_suspended or self.keep is not None):
            self.trigger_event(self.Resumed)

    def rename(self, name: str) -> None:
        """Record that the database has another name."""
        if name != self.name:
            self.trigger_event(self.Renamed, name=name)

    def close(self, now: datetime, window: list[dict[str, Any]]) -> None:
        """Record that the database is deleted; the backups expire as by the policy, or at once."""
        if self.expires_at is None:
            self.conditions.releases += self._address_claims()
            days = self.policy.retention_days if self.keep and self.backups else 0
            self.trigger_event(self.Closed, window=window, expires_at=now + timedelta(days=days))

    @property
    def is_complete(self) -> bool:
        """Whether nothing is added to it: the database is in the trash or deleted."""
        return self.is_suspended or self.expires_at is not None

    @property
    def use_scope(self) -> str:
        """The scope of the claims of those who read it: nothing is dropped meanwhile."""
        return f"use/{self.public_id}"

    @property
    def backups(self) -> tuple[Backup, ...]:
        """The backups that are complete."""
        return self.history.complete

    @property
    def newest(self) -> Backup | None:
        """The newest backup that is complete."""
        return self.history.newest

    @property
    def pending(self) -> Pending | None:
        """The backup that is being made."""
        return self.history.pending

    @property
    def made(self) -> int:
        """How many backups were ever requested."""
        return self.history.made

    @property
    def failures(self) -> int:
        """How many backups in a row were not made."""
        return self.history.failures

    @property
    def last_began_at(self) -> datetime | None:
        """When the newest backup was requested."""
        return self.history.last_began_at

    @property
    def last_drill_at(self) -> datetime | None:
        """When a backup was last restored for a trial."""
        return self.history.last_drill_at

    def refuse_to_delete(self) -> None:
        """Raise ArchiveInUse while the database lives."""
        if self.expires_at is None:
            raise ArchiveInUse(
                f"cannot delete the archive of {self.name}: the database lives; delete it without keeping backups"
            )

    def held_claims(self) -> list[Claim]:
        """Return those on its addresses. It has the name of its database, as earlier archives may have had."""
        return self._address_claims()

    def _address_claims(self) -> list[Claim]:
        if self.addresses is None:
            return []
        found = (self.addresses.receiver, self.addresses.worker)
        return [claim for each in found for claim in address_claims(self.addresses.vpc_id, each, self)]

    def held_secrets(self) -> list[UUID]:
        """Return the id of our own credentials."""
        return [] if self.status == "deleted" else [UUID(self.admin_id)]

    def refuse_unless_restorable(self) -> None:
        """Raise NotRestorable until the first backup is complete, and when every backup is damaged."""
        if any(not each.is_damaged for each in self.backups):
            return
        if self.backups:
            why = f"every backup is damaged; make another one with `cloud db backup {self.name}`"
            raise NotRestorable(f"cannot restore {self.name}: {why}")
        why = "its first backup is not complete"
        if self.pending is not None and self.last_began_at is not None:
            why += f" (requested at {self.last_began_at:%Y-%m-%d %H:%M:%S} UTC)"
        elif self.failures:
            why = f"its first backup failed and will be retried ({self.status_reason})"
        raise NotRestorable(
            f"cannot restore {self.name} yet: {why}; it can be restored from the end of that backup on, when its "
            "status changes from `backing-up` to `available`"
        )


def archive_uuid(database_id: str) -> UUID:
    """Return the id of a database's archive."""
    parsed = values.parse_id(database_id)
    assert parsed is not None  # noqa: S101 - an id of ours
    return uuid5(parsed[1], "archive")
