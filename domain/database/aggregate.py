"""Databases: servers with files of their own, which can be restored to an earlier moment as another database.

Rules
-----
* A database gets the CPU and memory of its class. A class that is too small for the engine is refused.
* A parameter that is not known, or a value it cannot have, is refused. One that only a restart applies is pending
  until then; what is changed while the database is stopped is applied when it starts. So is the shared memory of
  another class.
* A database that was never backed up is ``backing-up``, not ``available``, once clients can use it. A later backup
  that fails does not change its status. A replica needs no backup until it is promoted.
* A replica is not kept in the trash: its source has what it has.
* A restored database is another one, with credentials and an archive of its own; its source is never changed.

``replication.py`` has the rules of replicas and their sources, ``swap.py`` those of a restore in place.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self
from uuid import UUID

from domain.aggregate import Claim
from domain.archive import Plan, archive_uuid
from domain.database import events
from domain.database.engines import ENGINES, check_class, check_identifier, check_parameters, shm_mb
from domain.database.replication import (
    REPLICABLE_ENGINES,
    Followers,
    IsReplica,
    NotPromotable,
    NotReplicable,
    Replication,
)
from domain.database.restoration import Restoration
from domain.database.swap import Swap
from domain.server import RotationUnderWay, Server, ServerSpec
from domain.server.spec import check_engine
from domain.values import must, public_id
from domain.watch import watch_scope

SHM = "shm_mb"
"""What is pending a restart when the container was created with shared memory of another size."""


class Database(Server):
    """One database server."""

    PREFIX = "db"

    restoration: Restoration | None = None
    """How it is restored, or was, as it was created."""
    has_awaited_backup: bool = False
    server: str | None = None
    """The engine with its exact version, as the server reports it."""
    pending_restart: tuple[str, ...] = ()
    replica_of: Replication | None = None
    """The database that it follows."""
    followers: Followers = Followers()
    swap: Swap | None = None
    """The database whose place it takes, or has taken."""
    successor_id: str | None = None
    """The database that has taken its place."""
    replaced_at: datetime | None = None

    Event = events.Event
    RestoreRequested = events.RestoreRequested
    RestoreAdvanced = events.RestoreAdvanced
    Restored = events.Restored
    BackupAwaited = events.BackupAwaited
    Prepared = events.Prepared
    ReplicaRequested = events.ReplicaRequested
    Copied = events.Copied
    CopyOutdated = events.CopyOutdated
    ReplicationInterrupted = events.ReplicationInterrupted
    PromotionRequested = events.PromotionRequested
    Promoted = events.Promoted
    ReplicaAdmitted = events.ReplicaAdmitted
    ReplicaReleased = events.ReplicaReleased
    ReplicaDismissed = events.ReplicaDismissed
    SwapRequested = events.SwapRequested
    Replaced = events.Replaced
    PlaceTaken = events.PlaceTaken
    Swapped = events.Swapped

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Request a database; ``settings``: class, database, parameters, synchronous, storage_gb. Raises Invalid."""
        check_engine({name: engine.versions for name, engine in ENGINES.items()}, spec.engine, spec.version)
        engine, settings = ENGINES[spec.engine], spec.settings
        limits = check_class(engine, settings["class"])
        check_parameters(engine, settings["parameters"])
        if settings["synchronous"] and engine.role != "postgres":
            raise must("backup.synchronous", f"be false for {engine.name}", why="only Postgres supports it")
        check_identifier(settings["database"], "database")
        check_identifier(spec.username, "user")
        return super().create(replace(spec, cpus=limits.cpus, memory_mb=limits.memory_mb))

    def restore_from(self, source: "Database", archive_id: str, how: Plan) -> None:
        """Request that it is restored from another database, whose archive drops nothing until then."""
        self.trigger_event(
            self.RestoreRequested,
            source_id=source.public_id,
            source_name=source.name,
            archive_id=archive_id,
            backup_id=how.backup.id,
            to=how.to,
            is_latest=how.is_latest,
        )
        self.conditions.claims += self._archive_reads()

    def modify(self, class_: str | None, parameters: Mapping[str, str] | None) -> None:
        """Request another class or other parameters. Raises BeingDeleted, Invalid, UnknownParameter, IsReplica."""
        self.refuse_if_deleting()
        if parameters is not None:
            self.refuse_if_replica("change the parameters of", "change those of {source}")
        engine = ENGINES[self.engine]
        limits = check_class(engine, class_ or self.settings["class"])
        settings = {**self.settings, "class": limits.name}
        if parameters is not None:
            check_parameters(engine, parameters)
            settings["parameters"] = dict(parameters)
        # A server that is stopped cannot be changed: another container starts with the new settings.
        self.change(limits.cpus, limits.memory_mb, settings, replaces=self.wanted == "stopped")

    def rotate_credentials(self, login_id: UUID, *, replaces: bool) -> None:
        """Request another password. Raises BeingDeleted, ServerStopped, RotationUnderWay, IsReplica."""
        self.refuse_if_replica("change the password of", "change that of {source}")
        if self.swap is not None and not self.swap.is_complete:
            raise RotationUnderWay(
                f"cannot change the password of {self.name}: it takes the place of {self.swap.target_name}, with its "
                "password; wait until it has"
            )
        super().rotate_credentials(login_id, replaces=replaces)

    def follow(self, source: "Database", source_login_id: UUID) -> None:
        """Become a replica of another database. Raises BeingDeleted, NotReplicable."""
        source.admit(self)
        self.trigger_event(
            self.ReplicaRequested,
            source_id=source.public_id,
            source_name=source.name,
            source_login_id=str(source_login_id),
        )
        self.conditions.claims += self._source_watches()

    def admit(self, replica: "Database") -> None:
        """Admit a replica. Raises BeingDeleted, NotReplicable."""
        self.refuse_if_deleting()
        self.refuse_unless_replicable()
        self.trigger_event(self.ReplicaAdmitted, replica_id=replica.public_id, replica_name=replica.name)
        self.conditions.claims.append(self.watch(replica.public_id))

    def release(self, replica: "Database") -> None:
        """Record that another database no longer follows it."""
        if replica.public_id in self.followers.names:
            self.trigger_event(self.ReplicaReleased, replica_id=replica.public_id, replica_name=replica.name)

    def promote(self, login_id: UUID) -> None:
        """Request that it becomes a database of its own. Raises BeingDeleted, ServerStopped, NotPromotable."""
        self.refuse_unless_promotable()
        self.conditions.erases.append(UUID(self.login_id))
        self.trigger_event(self.PromotionRequested, login_id=str(login_id))

    def report_parameters(self, parameters: Mapping[str, str]) -> None:
        """Record the parameters of its source, which are those of a replica, too."""
        if self.is_replica and not self.is_deleting:
            self.change(settings={"parameters": dict(parameters)})

    def report_restoring(self, step: str) -> None:
        """Record which step of its restore is under way."""
        if self.restoration is not None and self.is_restoring and step != self.restoration.step:
            self.trigger_event(self.RestoreAdvanced, step=step)

    def report_restored(self, reached: datetime | None, took_s: float) -> None:
        """Record that its files are restored."""
        if self.is_restoring:
            self.conditions.releases += self._archive_reads()
            self.trigger_event(self.Restored, reached=reached, took_s=took_s)

    def report_backing_up(self, reason: str | None = None) -> None:
        """Record that a client has used it, and why its first backup failed, if it did; once per reason."""
        if not self.needs_first_backup or not self.can_be_available:
            return
        if (self.status, self.status_reason) != ("backing-up", reason):
            if not self._archive_watches():
                self.conditions.claims.append(self.watch(self.archive_id))
            self.trigger_event(self.BackupAwaited, reason=reason)

    def report_available(self) -> None:
        """Record that a client has used it, and that it can be restored."""
        watching = self._archive_watches()
        super().report_available()
        if not self._archive_watches():
            self.conditions.releases += watching

    def report_shm(self, seen_mb: int | None) -> None:
        """Record whether its container has the shared memory of its class, or gets it at the next start."""
        others = [name for name in self.pending_restart if name != SHM]
        waits = self.shm_mb is not None and seen_mb != self.shm_mb
        pending = sorted([*others, SHM] if waits else others)
        if self.server is not None and pending != [*self.pending_restart]:
            self.trigger_event(self.Prepared, server=self.server, pending_restart=pending)

    def report_prepared(self, server: str, pending_restart: list[str]) -> None:
        """Record which parameters wait for a restart, and what runs."""
        pending_restart = sorted({*pending_restart, *({SHM} & {*self.pending_restart})})
        if (server, pending_restart) != (self.server, [*self.pending_restart]):
            self.trigger_event(self.Prepared, server=server, pending_restart=pending_restart)

    def report_copied(self, took_s: float) -> None:
        """Record that the copy of its source is complete."""
        if self.is_copying and not self.is_deleting:
            self.trigger_event(self.Copied, took_s=took_s)

    def report_outdated(self, reason: str) -> None:
        """Record that it needs another copy of its source."""
        if self.is_replica and not (self.is_copying or self.is_promoting or self.is_deleting):
            self.trigger_event(self.CopyOutdated, reason=reason)

    def report_interrupted(self, reason: str) -> None:
        """Record why it does not follow its source; once per reason."""
        is_due = self.is_replica and self.wanted == "running" and not (self.is_promoting or self.is_deleting)
        if is_due and reason != self.status_reason:
            self.trigger_event(self.ReplicationInterrupted, reason=reason)

    def report_promoted(
        self, position: str, last_change_at: datetime | None, behind_bytes: int | None
    ) -> None:
        """Record that it accepts writes, and what it lacks of its source."""
        if self.replica_of is not None and self.is_promoting:
            self.conditions.releases += self._source_watches()
            self.conditions.erases += self.replica_of.secrets
            self.trigger_event(
                self.Promoted, position=position, last_change_at=last_change_at, behind_bytes=behind_bytes
            )

    def report_dismissed(self, replica_id: str) -> None:
        """Record that nothing is retained any more for a former replica."""
        if replica_id in self.followers.leaving:
            self.conditions.releases.append(self.watch(replica_id))
            self.trigger_event(self.ReplicaDismissed, replica_id=replica_id)

    @property
    def can_be_available(self) -> bool:
        """Whether it should run, and no requested change is under way."""
        return super().can_be_available and not self.is_copying and not self.is_promoting

    @property
    def is_restoring(self) -> bool:
        """Whether its files are still to be restored."""
        return self.restoration is not None and not self.restoration.is_complete

    @property
    def is_replica(self) -> bool:
        """Whether it follows another database, or should."""
        return self.replica_of is not None

    @property
    def source_login_id(self) -> str | None:
        """The id under which the password is sealed with which it follows."""
        return None if self.replica_of is None else self.replica_of.login_id

    @property
    def is_copying(self) -> bool:
        """Whether it is a replica whose copy of its source is not complete."""
        return self.replica_of is not None and self.replica_of.is_copying

    @property
    def is_promoting(self) -> bool:
        """Whether it is a replica that is to become a database of its own."""
        return self.replica_of is not None and self.replica_of.is_promoting

    @property
    def shm_mb(self) -> int | None:
        """The size of its ``/dev/shm`` in MiB; None is the default of the container engine."""
        return shm_mb(self.engine, self.memory_mb)

    @property
    def needs_first_backup(self) -> bool:
        """Whether it has an archive to fill, and was never seen with a backup in it."""
        return not self.is_replica and not self.was_available

    @property
    def was_used(self) -> bool:
        """Whether a client has ever used it, so that its archive can be filled."""
        return self.was_available or self.has_awaited_backup

    @property
    def has_contents(self) -> bool:
        """Whether there is anything to keep when it is deleted. What a replica has is that of its source."""
        return self.was_used and not self.is_replica

    @property
    def archive_id(self) -> str:
        """The id of its archive."""
        return public_id("arc", archive_uuid(self.public_id))

    def refuse_to_delete(self) -> None:
        """Raise DeletionProtected, HasReplicas."""
        super().refuse_to_delete()
        self.followers.refuse_to_delete(self.name)

    def refuse_if_replica(self, what: str, remedy: str) -> None:
        """Raise IsReplica; the remedy may name its source as ``{source}``."""
        if self.replica_of is not None:
            source = self.replica_of.name
            raise IsReplica(
                f"cannot {what} {self.name}: it is a replica of {source}; {remedy.format(source=source)}, "
                "or promote it first"
            )

    def refuse_unless_replicable(self) -> None:
        """Raise NotReplicable."""
        what = f"cannot make a replica of {self.name}"
        if self.replica_of is not None:
            raise NotReplicable(f"{what}: it is one itself; make one of {self.replica_of.name}")
        if self.engine not in REPLICABLE_ENGINES:
            raise NotReplicable(f"{what}: it is {self.engine}, and only postgres can be followed")
        if self.status != "available":
            raise NotReplicable(f"{what}: it is {self.status}; retry when it is available")
        self.followers.refuse_another(self.name)

    def refuse_unless_promotable(self) -> None:
        """Raise BeingDeleted, ServerStopped or NotPromotable when it cannot be promoted now."""
        self.refuse_unless_wanted("promote")
        if self.replica_of is None:
            raise NotPromotable(f"cannot promote {self.name}: it follows no other database")
        self.replica_of.refuse_unless_promotable(self.name)

    def held_claims(self) -> list[Claim]:
        """Return the claims of every server, on the archive that it is restored from, and on what wakes it."""
        held = super().held_claims()
        if not held:
            return []
        replicas = [self.watch(each) for each in (*self.followers.names, *self.followers.leaving)]
        watches = [*self._source_watches(), *self._archive_watches()]
        return [*held, *replicas, *watches, *self._archive_reads()]

    def held_secrets(self) -> list[UUID]:
        """Return the ids of its passwords, its private key and the password with which it follows."""
        held = super().held_secrets()
        return [*held, *self.replica_of.secrets] if held and self.replica_of is not None else held

    def watch(self, resource_id: str) -> Claim:
        """Return the claim by which a resource wakes it."""
        return Claim(watch_scope(resource_id), f"{self.KIND}/{self.public_id}", self.id)

    def _archive_reads(self) -> list[Claim]:
        """Return the claim that keeps the backups of an archive while it is restored from them."""
        if self.restoration is None or self.restoration.is_complete:
            return []
        return [Claim(f"use/{self.restoration.archive_id}", self.public_id, self.id, self.name)]

    def _source_watches(self) -> list[Claim]:
        """Return the claim by which its source wakes it."""
        return [] if self.replica_of is None else [self.watch(self.replica_of.id)]

    def _archive_watches(self) -> list[Claim]:
        """Return the claim by which its archive wakes it while it waits for its first backup."""
        is_waiting = self.has_awaited_backup and self.needs_first_backup
        return [self.watch(self.archive_id)] if is_waiting else []
