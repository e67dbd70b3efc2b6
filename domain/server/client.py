"""What we ask of a server over its own protocol: to be used, set up, and given another password.

One implementation per engine, in ``adapters/``. As with every port, each call may be repeated, raises
``Unreachable`` when nothing answers and ``Refused`` when the server says no. No message holds a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from domain.ports import File
from domain.server.aggregate import Server

CERTIFICATE_PATH = "/etc/miniaws/server.crt"
KEY_PATH = "/etc/miniaws/server.key"
"""Where a server that speaks TLS finds its certificate and its private key."""
S_contra = TypeVar("S_contra", bound=Server, contravariant=True)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Program:
    """What runs in the container of a server. Secrets are in its files only."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, File] = field(default_factory=dict[str, File], repr=False)
    user: int = 0
    """Who it runs as, and owns its private key."""


class ServerClient(Protocol[S_contra]):
    """Speaks to servers of one engine."""

    @property
    def rotates_live(self) -> bool:
        """Whether a password is changed while the server runs; if not, a new container brings it."""
        ...

    def program(self, server: S_contra, password: str) -> Program:
        """Return what to run so that the server takes this password, if it is its first."""
        ...

    async def configure(self, server: S_contra, at: Endpoint, password: str) -> None:
        """Have its settings and limits as wanted, also after it was started again."""
        ...

    async def rotate(self, server: S_contra, at: Endpoint, old: str, new: str) -> None:
        """Have the server take the new password only, now and after it was started again.

        It takes the old one or the new one, as an earlier call may have been cut off anywhere.
        """
        ...

    async def probe(self, server: S_contra, at: Endpoint, password: str) -> None:
        """Connect as clients do, write something and read it back. Raises with the reason when that fails."""
        ...
