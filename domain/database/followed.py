"""Databases that others follow as they are written.

Rules
-----
* Only what is available, of an engine that can be followed, and no replica itself, is followed; by a few at most.
* What others follow is not deleted.
* What is kept for one that follows goes when it follows no more, as soon as its source answers.
"""

from eventsourcing.domain import event

from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.instance.traffic import watch_scope
from domain.server import Server

ENGINES_FOLLOWED = ("postgres",)
MOST_REPLICAS = 5


class NotReplicable(Conflict):
    """cannot make a replica of this database"""

    code = "not_replicable"


class HasReplicas(Conflict):
    """cannot delete what replicas follow"""

    code = "has_replicas"


class Followed(Server, is_abstract=True):
    """What may be followed."""

    class ReplicaAdmitted(Aggregate.Event):
        """Another one may follow it."""

        replica_id: str
        replica_name: str

    class ReplicaReleased(Aggregate.Event):
        """Another one does not follow it any more: it is promoted, or gone."""

        replica_id: str
        replica_name: str

    class ReplicaDismissed(Aggregate.Event):
        """Nothing is kept any more for one that followed it."""

        replica_id: str

    def admit(self, replica: Server) -> None:
        """Let another one follow. Raises BeingDeleted, NotReplicable."""
        self.refuse_if_deleting()
        self.refuse_unless_replicable()
        self.trigger_event(self.ReplicaAdmitted, replica_id=replica.public_id, replica_name=replica.name)
        self.conditions.claims.append(self.watch(replica.public_id))

    def release(self, replica: Server) -> None:
        """Note that another one does not follow any more."""
        if replica.public_id in self.replicas:
            self.trigger_event(self.ReplicaReleased, replica_id=replica.public_id, replica_name=replica.name)

    def report_dismissed(self, replica_id: str) -> None:
        """Note that nothing is kept any more for one that is released."""
        if replica_id in self.leaving:
            self.conditions.releases.append(self.watch(replica_id))
            self.trigger_event(self.ReplicaDismissed, replica_id=replica_id)

    def refuse_to_delete(self) -> None:
        """Raise DeletionProtected, HasReplicas."""
        super().refuse_to_delete()
        if self.replicas:
            names = " and ".join(self.replicas.values())
            raise HasReplicas(
                f"cannot delete {self.name}: {names} follow it; promote or delete them first",
                replicas=list(self.replicas.values()),
            )

    def held_claims(self) -> list[Claim]:
        """Return what every server holds, and that those that follow it wake it."""
        held = super().held_claims()
        return [*held, *map(self.watch, (*self.replicas, *self.leaving))] if held else []

    def refuse_unless_replicable(self) -> None:
        """Raise NotReplicable."""
        if self.engine not in ENGINES_FOLLOWED:
            raise NotReplicable(
                f"cannot make a replica of {self.name}: it is {self.engine}, and only postgres can be followed"
            )
        if self.status != "available":
            raise NotReplicable(
                f"cannot make a replica of {self.name}: it is {self.status}; retry when it is available"
            )
        if len(self.replicas) >= MOST_REPLICAS:
            raise NotReplicable(
                f"cannot make a replica of {self.name}: it has {MOST_REPLICAS}, the most there can be; delete one first"
            )

    def watch(self, resource_id: str) -> Claim:
        """Return the claim by which a resource wakes it."""
        return Claim(watch_scope(resource_id), f"{self.KIND}/{self.public_id}", self.id)

    def _begin(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        super()._begin(account_id, name, tags)
        self.replicas: dict[str, str] = {}
        """The names of those that follow it, by id."""
        self.leaving: list[str] = []
        """Who follows no more, and still has something kept for it."""

    @event(ReplicaAdmitted)
    def _replica_admitted(self, replica_id: str, replica_name: str) -> None:
        self.replicas = {**self.replicas, replica_id: replica_name}

    @event(ReplicaReleased)
    def _replica_released(self, replica_id: str, replica_name: str) -> None:  # noqa: ARG002 - for readers
        self.replicas = {id_: name for id_, name in self.replicas.items() if id_ != replica_id}
        self.leaving = [*self.leaving, replica_id]

    @event(ReplicaDismissed)
    def _replica_dismissed(self, replica_id: str) -> None:
        self.leaving = [each for each in self.leaving if each != replica_id]
