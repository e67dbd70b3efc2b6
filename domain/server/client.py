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
    stop_signal: str | None = None
    """What asks it to end without waiting for its clients; None is the image's own."""
    user: int = 0
    """Who it runs as, and owns its private key."""


class ServerClient(Protocol[S_contra]):
    """Speaks to servers of one engine."""

    @property
    def rotates_live(self) -> bool:
        """Whether a password is changed while the server runs; if not, a new container has it."""
        ...

    def program(self, server: S_contra, password: str) -> Program:
        """Return the program of a server whose first password is this one."""
        ...

    async def configure(self, server: S_contra, at: Endpoint, password: str) -> None:
        """Apply its settings and limits, so that they also hold after a restart."""
        ...

    async def rotate(self, server: S_contra, at: Endpoint, old: str, new: str) -> None:
        """Make the server accept the new password only, now and after a restart.

        Before, it accepts the old one or the new one, as an earlier call may have been interrupted anywhere.
        """
        ...

    async def probe(self, server: S_contra, at: Endpoint, password: str) -> None:
        """Connect as clients do, write something and read it back. Raises with the reason when that fails."""
        ...
