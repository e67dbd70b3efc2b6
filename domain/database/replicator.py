"""What we ask of the engines whose databases follow others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.database.aggregate import Database
from domain.database.client import Administered
from domain.ports import File
from domain.server import Endpoint, Program


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a replica is, as it knows itself; None is what it cannot know, as nothing comes from its source."""

    is_streaming: bool
    lag_bytes: int | None = None
    """What its source had written when it was last heard of, and cannot be read here yet."""
    lag_s: float | None = None
    """How old the newest change is that can be read here, while others are on their way; else 0."""
    last_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Up to where a replica had followed when it was promoted."""

    position: str
    last_change_at: datetime | None


class Replicator(Protocol):
    """Lets databases of one engine follow others. As with every port, each call may be repeated.

    ``admin`` is the password of our own account; that of a source and of its replicas is the same. A replica is
    ``named`` at its source by its id.
    """

    def copy(self, replica: Database, password: str) -> Program:
        """Return what makes the files of a replica; each line it prints is for ``ArchiveEngine.step``."""
        ...

    def files(self, replica: Database, password: str) -> dict[str, File]:
        """Return what the container of a replica needs to follow its source."""
        ...

    async def admit(self, at: Endpoint, admin: str, named: str, password: str) -> None:
        """Have the source keep its log for one replica, from now on, and let it in with this password."""
        ...

    async def dismiss(self, at: Endpoint, admin: str, named: str | None) -> None:
        """Have nothing at a source that was kept for one replica; None: for any."""
        ...

    async def is_lost(self, at: Endpoint, admin: str, named: str) -> bool:
        """Tell whether the source has not kept what a replica lacks."""
        ...

    async def prepare(self, replica: Database, at: Endpoint, admin: str) -> Administered:
        """Have its parameters as wanted, but none that would keep it from following."""
        ...

    async def read(self, replica: Database, at: Endpoint, passwords: Sequence[str]) -> None:
        """Connect as clients do, by one of these passwords, and read. Raises with the reason when that fails."""
        ...

    async def standing(self, at: Endpoint, admin: str) -> Standing:
        """Return how far a replica is."""
        ...

    async def promote(self, at: Endpoint, admin: str, own: str) -> Ended:
        """Have it take writes, with a password of its own for our account, and nothing kept for replicas."""
        ...

    async def behind(self, at: Endpoint, admin: str, position: str) -> int:
        """Return how many bytes a server has written after a position of its log."""
        ...
