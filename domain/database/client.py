"""The port for database servers, over their own protocol."""

from dataclasses import dataclass
from typing import Any, Protocol

from domain.database.aggregate import Database
from domain.ports import File
from domain.server import Endpoint, ServerClient

ADMIN = "miniaws"
"""Our own account in every database server: it owns the server; people own what is in it."""


@dataclass(frozen=True, slots=True)
class Administered:
    """What a server reports after it was set up."""

    server: str
    pending_restart: list[str]


class DatabaseClient(ServerClient[Database], Protocol):
    """Speaks to database servers of one engine."""

    def files(self, admin: str) -> dict[str, File]:
        """Return what its container needs besides its program: the password of our own account, and our scripts."""
        ...

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Ensure the user with this password, its database, and the parameters."""
        ...

    async def stats(self, server: Database, at: Endpoint, password: str) -> dict[str, Any]:
        """Return figures of now and since its start; the password is that of our own account."""
        ...
