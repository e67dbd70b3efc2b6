"""Replicas: databases that follow another one as it is written, and are only read until they are promoted.

Rules
-----
* A replica has the engine, version, parameters and passwords of its source, and is in its VPC.
* What a replica has comes from its source only: it is not backed up, restored or given a password by itself.
* A replica that is promoted is a database of its own for good. What its source had that it has not got is told.
"""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate, Claim
from domain.database.followed import Followed, NotReplicable
from domain.errors import Conflict


class NotPromotable(Conflict):
    """cannot promote what does not follow another database"""

    code = "not_promotable"


class IsReplica(Conflict):
    """cannot do that with a replica"""

    code = "is_replica"


class Following(Followed, is_abstract=True):
    """What may follow another one."""

    class ReplicaRequested(Aggregate.Event):
        """It shall follow another one, with a password of its own for that, sealed under this id."""

        source_id: str
        source_name: str
        source_login_id: str

    class Copied(Aggregate.Event):
        """Its files are a copy of those of its source; from here on it follows."""

        took_s: float

    class CopyOutdated(Aggregate.Event):
        """Its source has not kept what it lacks, so that another copy is made."""

        reason: str

    class ReplicationInterrupted(Aggregate.Event):
        """It does not get any more what its source writes; what it has can be read."""

        reason: str

    class PromotionRequested(Aggregate.Event):
        """It should be a database of its own, with this password, which is that of its source."""

        login_id: str

    class Promoted(Aggregate.Event):
        """It is a database of its own, from this position of its source's log on.

        The last change in it was made then. Of what its source wrote, so many bytes are not in it; None: the source
        did not answer.
        """

        position: str
        last_change_at: datetime | None
        behind_bytes: int | None

    def follow(self, source: Followed, source_login_id: UUID) -> None:
        """Be a replica of another one. Raises BeingDeleted, NotReplicable."""
        source.admit(self)
        self.trigger_event(
            self.ReplicaRequested,
            source_id=source.public_id,
            source_name=source.name,
            source_login_id=str(source_login_id),
        )
        self.conditions.claims += self._following()

    def report_copied(self, took_s: float) -> None:
        """Note that its files are there."""
        if self.is_copying and not self.is_deleting:
            self.trigger_event(self.Copied, took_s=took_s)

    def report_outdated(self, reason: str) -> None:
        """Note that it cannot go on from what it has."""
        if self.is_replica and not (self.is_copying or self.is_promoting or self.is_deleting):
            self.trigger_event(self.CopyOutdated, reason=reason)

    def report_interrupted(self, reason: str) -> None:
        """Note why it does not follow, though it should; once per reason."""
        should = (
            self.is_replica and self.wanted == "running" and not self.is_promoting and not self.is_deleting
        )
        if should and reason != self.status_reason:
            self.trigger_event(self.ReplicationInterrupted, reason=reason)

    def promote(self, login_id: UUID) -> None:
        """Ask for it to be a database of its own. Raises BeingDeleted, ServerStopped, NotPromotable."""
        self.refuse_unless_wanted("promote")
        if not self.is_replica:
            raise NotPromotable(f"cannot promote {self.name}: it follows no other database")
        if self.is_copying:
            raise NotPromotable(
                f"cannot promote {self.name}: it is still being copied; wait until it is available"
            )
        if self.is_promoting:
            raise NotPromotable(f"cannot promote {self.name}: it is being promoted")
        self.conditions.erases.append(UUID(self.login_id))
        self.trigger_event(self.PromotionRequested, login_id=str(login_id))

    def report_promoted(
        self, position: str, last_change_at: datetime | None, behind_bytes: int | None
    ) -> None:
        """Note that it takes writes, and what it has not got."""
        if self.is_promoting:
            self.conditions.releases += self._following()
            self.conditions.erases += self._replication_secrets()
            self.trigger_event(
                self.Promoted, position=position, last_change_at=last_change_at, behind_bytes=behind_bytes
            )

    def report_available(self) -> None:
        """Note that a client has used it."""
        if not self.is_copying and not self.is_promoting:
            super().report_available()

    def refuse_if_replica(self, what: str, remedy: str) -> None:
        """Raise IsReplica; the remedy may name its source as ``{source}``."""
        if self.replica_of is not None:
            source = self.replica_of["name"]
            raise IsReplica(
                f"cannot {what} {self.name}: it is a replica of {source}; {remedy.format(source=source)}, "
                "or promote it first"
            )

    def refuse_unless_replicable(self) -> None:
        """Raise NotReplicable."""
        if self.replica_of is not None:
            raise NotReplicable(
                f"cannot make a replica of {self.name}: it is one itself; make one of {self.replica_of['name']}"
            )
        super().refuse_unless_replicable()

    def held_claims(self) -> list[Claim]:
        """Return what every server holds, and that its source wakes it."""
        held = super().held_claims()
        return [*held, *self._following()] if held else []

    def held_secrets(self) -> list[UUID]:
        """Return where its passwords are, also the one with which it follows."""
        held = super().held_secrets()
        return [*held, *self._replication_secrets()] if held else []

    @property
    def is_replica(self) -> bool:
        """Whether it follows another one, or is to."""
        return self.replica_of is not None

    def _following(self) -> list[Claim]:
        return [] if self.replica_of is None else [self.watch(self.replica_of["id"])]

    def _replication_secrets(self) -> list[UUID]:
        return [UUID(self.source_login_id)] if self.source_login_id is not None else []

    def _begin(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        super()._begin(account_id, name, tags)
        self.replica_of: dict[str, str] | None = None
        self.source_login_id: str | None = None
        self.is_copying = False
        self.is_promoting = False

    @event(ReplicaRequested)
    def _replica_requested(self, source_id: str, source_name: str, source_login_id: str) -> None:
        self.replica_of = {"id": source_id, "name": source_name}
        self.source_login_id = source_login_id
        self.is_copying = True

    @event(Copied)
    def _copied(self, took_s: float) -> None:  # noqa: ARG002 - for readers
        self.is_copying = False
        self._turn("starting")

    @event(CopyOutdated)
    def _copy_outdated(self, reason: str) -> None:
        self.is_copying = True
        self.is_up = False
        self.address = None
        self._turn("creating", reason)

    @event(ReplicationInterrupted)
    def _replication_interrupted(self, reason: str) -> None:
        self._turn("error", reason)

    @event(PromotionRequested)
    def _promotion_requested(self, login_id: str) -> None:
        self.is_promoting = True
        self.login_id = login_id
        self._turn("promoting")

    @event(Promoted)
    def _promoted(self, position: str, last_change_at: datetime | None, behind_bytes: int | None) -> None:
        del position, last_change_at, behind_bytes  # for readers
        self.replica_of = None
        self.source_login_id = None
        self.is_promoting = False
        self._turn("starting")
