"""Replicas: databases that follow another one as it is written, and are only read until they are promoted.

Rules
-----
* A replica has the engine, version, parameters and passwords of its source, and is in its VPC.
* What a replica has comes from its source only: it is not backed up, restored or given a password by itself.
* A replica that is promoted is a database of its own for good. What its source had and it lacks is reported.
* Only a database that is available, of an engine that supports it, and that is no replica itself, can have replicas;
  at most ``MOST_REPLICAS``.
* A database that has replicas is not deleted.
* What a source retains for a replica is dropped after the replica is released, as soon as the source answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.errors import Conflict

REPLICABLE_ENGINES = ("postgres",)
MOST_REPLICAS = 5


class NotReplicable(Conflict):
    """cannot create a replica of this database"""

    code = "not_replicable"


class HasReplicas(Conflict):
    """cannot delete a database with replicas"""

    code = "has_replicas"


class NotPromotable(Conflict):
    """cannot promote a database that does not follow a source"""

    code = "not_promotable"


class IsReplica(Conflict):
    """cannot do that with a replica"""

    code = "is_replica"


@dataclass(frozen=True, slots=True)
class Replication:
    """The source of a replica, and the state of the replica."""

    id: str
    """That of the source."""
    name: str
    login_id: str
    """The id under which the password is sealed with which it follows."""
    is_copying: bool = True
    is_promoting: bool = False

    def copied(self) -> "Replication":
        """Return the replication after the copy was made."""
        return replace(self, is_copying=False)

    def outdated(self) -> "Replication":
        """Return the replication when another copy is needed."""
        return replace(self, is_copying=True)

    def promotion_requested(self) -> "Replication":
        """Return the replication that is to end."""
        return replace(self, is_promoting=True)

    def refuse_unless_promotable(self, name: str) -> None:
        """Raise NotPromotable when the replica cannot be promoted now."""
        if self.is_copying:
            raise NotPromotable(
                f"cannot promote {name}: it is still being copied; wait until it is available"
            )
        if self.is_promoting:
            raise NotPromotable(f"cannot promote {name}: it is being promoted")

    @property
    def secrets(self) -> list[UUID]:
        """The id of the password with which it follows."""
        return [UUID(self.login_id)]


@dataclass(frozen=True, slots=True)
class Followers:
    """The replicas of a database."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of those that follow it, by id."""
    leaving: tuple[str, ...] = ()
    """The ids of former replicas for which something is still retained."""

    def admitted(self, replica_id: str, name: str) -> "Followers":
        """Return the followers with another one."""
        return replace(self, names={**self.names, replica_id: name})

    def released(self, replica_id: str) -> "Followers":
        """Return the followers after one has left."""
        names = {id_: name for id_, name in self.names.items() if id_ != replica_id}
        return Followers(names, (*self.leaving, replica_id))

    def dismissed(self, replica_id: str) -> "Followers":
        """Return the followers when nothing is retained for a former one."""
        return replace(self, leaving=tuple(each for each in self.leaving if each != replica_id))

    def refuse_another(self, name: str) -> None:
        """Raise NotReplicable when there can be no more."""
        if len(self.names) >= MOST_REPLICAS:
            raise NotReplicable(
                f"cannot make a replica of {name}: it has {MOST_REPLICAS}, the most there can be; delete one first"
            )

    def refuse_to_delete(self, name: str) -> None:
        """Raise HasReplicas while there are any."""
        if self.names:
            raise HasReplicas(
                f"cannot delete {name}: {' and '.join(self.names.values())} follow it; "
                "promote or delete them first",
                replicas=list(self.names.values()),
            )
