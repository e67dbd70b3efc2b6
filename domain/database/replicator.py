"""The port for replication between the databases of one engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.database.aggregate import Database
from domain.database.client import Administered
from domain.ports import File
from domain.server import Endpoint, Program


@dataclass(frozen=True, slots=True)
class ReplicationStatus:
    """How far a replica is, as it reports; None is what it cannot know while it receives nothing from its source."""

    is_streaming: bool
    lag_bytes: int | None = None
    """What its source had written when it was last received from, and cannot be read here yet."""
    lag_s: float | None = None
    """How old the newest change is that can be read here, while others are on their way; else 0."""
    last_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The position that a replica had reached when it was promoted."""

    position: str
    last_change_at: datetime | None


class Replicator(Protocol):
    """Replicates databases of one engine. As with every port, each call may be repeated.

    ``admin`` is the password of our own account; that of a source and of its replicas is the same. A replica is
    ``named`` at its source by its id.
    """

    def copy(self, replica: Database, password: str) -> Program:
        """Return the program that copies the files of a replica; ``ArchiveEngine.step`` reads each line it prints."""
        ...

    def files(self, replica: Database, password: str) -> dict[str, File]:
        """Return what the container of a replica needs to follow its source."""
        ...

    async def admit(self, at: Endpoint, admin: str, named: str, password: str) -> None:
        """Make the source retain its log for one replica from now on, and accept it with this password."""
        ...

    async def dismiss(self, at: Endpoint, admin: str, named: str | None) -> None:
        """Remove what a source retains for one replica; None: for any."""
        ...

    async def is_lost(self, at: Endpoint, admin: str, named: str) -> bool:
        """Return whether the source no longer has the log that a replica needs."""
        ...

    async def prepare(self, replica: Database, at: Endpoint, admin: str) -> Administered:
        """Set its parameters, except those that would prevent replication."""
        ...

    async def read(self, replica: Database, at: Endpoint, passwords: Sequence[str]) -> None:
        """Connect as clients do, by one of these passwords, and read. Raises with the reason when that fails."""
        ...

    async def replication_status(self, at: Endpoint, admin: str) -> ReplicationStatus:
        """Return the replication status of a replica."""
        ...

    async def promote(self, at: Endpoint, admin: str, own: str) -> Ended:
        """Make it accept writes, with a password of its own for our account, and retain nothing for replicas."""
        ...

    async def lag_bytes_after(self, at: Endpoint, admin: str, position: str) -> int:
        """Return how many bytes a server has written after a position of its log."""
        ...
