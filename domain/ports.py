"""What the application asks of the world of containers, in the words of the domain.

An adapter satisfies a port by shape. Every call may be repeated: asking twice for the same changes nothing. Resources
are named by their public id (``i-…``, ``vol-…``); a resource of several containers names the others after a dot, as in
``arc-….log``. Calls raise ``Unreachable`` when nothing answers and ``Refused`` (or a subclass) when it says no.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal[
    "instance", "vpc", "volume", "snapshot", "load_balancer", "database", "archive", "cache", "queue"
]
ContainerState = Literal["created", "running", "paused", "restarting", "exited", "dead"]
OPTIONAL_CAPABILITIES = ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP")
"""Linux capabilities of the engine's default set that a container only has when its specification lists them."""
STOP_GRACE_S = 10


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume inside a container."""

    volume_id: str
    path: str


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the container that the host listens on."""

    port: int
    host_port: int
    host_address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is put into a container before it starts. For secrets: no list of containers shows it."""

    content: bytes = field(repr=False)
    mode: int = 0o400
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container as it should be.

    ``generation`` counts the changes that need a new container; the container carries it as a label. Files it
    wrote outside its mounts are taken over by the next generation if ``keeps_files``. ``memory_mb`` and ``shm_mb``
    (the size of ``/dev/shm``; None is the engine's default) are in MiB, ``cpus`` in cores.
    """

    resource_id: str
    account_id: str
    name: str
    image: str
    network_id: str
    generation: int
    cpus: float
    memory_mb: int
    restart: Literal["always", "on-failure", "never"]
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict[str, File], repr=False)
    """By absolute path; one that ends with a slash is a directory, named before what is in it."""
    kind: Kind = "instance"
    keeps_files: bool = True
    init: bool = False
    """Run the program as a child of the engine's init process, which reaps orphans and forwards signals."""
    capabilities: tuple[str, ...] = ()
    """Linux capabilities that are added to the base set, without the prefix ``CAP_``."""
    stop_grace_s: int = STOP_GRACE_S
    """How long the program may take to end after the stop signal, before it is killed."""
    stop_signal: str | None = None
    """None is the image's own, usually SIGTERM."""
    shm_mb: int | None = None
    address: str | None = None
    """Its address on the network; None is one that the engine chooses, which may differ after each start."""
    aliases: tuple[str, ...] = ()
    """Names on the network besides its own and its id."""

    @property
    def program(self) -> str:
        """A digest of what runs in it: image, command, variables and files."""
        told = repr((self.image, self.command, sorted(self.environment.items()))).encode()
        for path, file in sorted(self.files.items()):
            told += repr((path, file.content, file.mode, file.uid, file.gid)).encode()
        return hashlib.sha256(told).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenContainer:
    """A container as it is. ``is_held``: it is paused for as long as a snapshot of a volume of it is taken."""

    state: ContainerState
    generation: int
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    oom_killed: bool
    address: str | None
    cpus: float
    memory_mb: int
    is_held: bool = False
    shm_mb: int | None = None
    """The size of ``/dev/shm`` in MiB, which is fixed when a container is created."""
    program: str | None = None
    """That of its specification; None of a container that an earlier version of ours has made."""
    image_digest: str | None = None
    """The content of the image that it was created from; None when it was created from files that were kept."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a program run inside a container left."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line a container printed, without its line end."""

    at: datetime
    stream: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A thing in the world that carries this cloud's labels."""

    kind: Kind
    resource_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something happened to a thing that carries this cloud's labels."""

    kind: Kind
    resource_id: str
    action: str
    at: datetime
    cursor: str
    """Where to resume watching."""
    exit_code: int | None = None
    """What the program ended with, for the action ``die``; a restart by policy leaves no other trace of it."""


class Containers(Protocol):
    """Runs containers."""

    async def inspect(self, resource_id: str) -> SeenContainer | None:
        """Return the container as it is, or None when there is none."""
        ...

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        """Create this container, stopped; a newer generation inherits its files. Raises ImageMissing, Refused.

        One that exists and does not run gets the address and the names of the specification; ``reattach`` is for one
        that runs.
        """
        ...

    async def start(self, resource_id: str) -> SeenContainer:
        """Start it.

        Raises PortTaken, InUse when another container has its address, Refused when the program cannot be started.
        """
        ...

    async def stop(self, resource_id: str, grace_s: int | None = None) -> None:
        """Stop the program, and kill it after the grace period (None: that of its specification).

        Does nothing when there is no container or it does not run.
        """
        ...

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        """Change the limits of a container, running or not."""
        ...

    async def leave_network(self, resource_id: str) -> None:
        """Take a stopped container off its network; ``ensure`` puts it back. It may not exist."""
        ...

    async def reattach(self, spec: ContainerSpec) -> SeenContainer:
        """Set the address and the names of a container to those of its specification, while it runs.

        Raises Refused when there is no container, InUse when another one has the address.
        """
        ...

    async def keep_files(self, spec: ContainerSpec) -> None:
        """Remove a stopped container, whose files the next ``ensure`` takes over. It may not exist."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Remove the container, and everything that only belongs to it. It may not exist."""
        ...

    async def execute(self, resource_id: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """Run a program inside; output is cut at 1 MiB a stream. Raises Refused unless it runs."""
        ...

    def logs(
        self, resource_id: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield what the container printed, oldest first; with ``follow`` until it stops."""
        ...

    async def found(self) -> list[Found]:
        """Return every container of this cloud."""
        ...


class Networks(Protocol):
    """Separates containers."""

    async def ensure(self, resource_id: str, account_id: str, cidr: str) -> None:
        """Create this network. Raises RangeInUse when the range overlaps another network."""
        ...

    async def exists(self, resource_id: str) -> bool:
        """Return whether the network exists."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Remove the network. Raises InUse while containers are on it."""
        ...

    async def found(self) -> list[Found]:
        """Return every network of this cloud."""
        ...

    async def occupied(self) -> list[str]:
        """Return the IPv4 ranges (CIDR) the host or others use, without this cloud's own."""
        ...


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address in a network that the host itself has there, on behalf of a resource that runs on the host."""

    resource_id: str
    account_id: str
    network_id: str
    address: str
    names: tuple[str, ...]
    """The names that lead to it from the containers of the network."""


class HostAddresses(Protocol):
    """Gives the host addresses in networks, for what runs on the host and is used from within a network."""

    async def ensure(self, wanted: HostAddress) -> None:
        """Assign the host this address, and its names to the network. A resource has one; another one replaces it.

        Raises InUse when a container has the address, Refused when there is no such network.
        """
        ...

    async def remove(self, resource_id: str, network_id: str) -> None:
        """Take the address of a resource from the host, and its names from the network. It may have none."""
        ...


class Volumes(Protocol):
    """Keeps files."""

    async def ensure(
        self, resource_id: str, account_id: str, size_gb: int | None, *, fresh: bool = True
    ) -> None:
        """Create this volume, ready to be mounted; its size is enforced.

        Raises Refused when the size cannot be enforced, or when the volume is missing and ``fresh`` is False: then its
        files are lost, and an empty volume in its place would hide that.
        """
        ...

    async def exists(self, resource_id: str) -> bool:
        """Return whether the volume exists and can be mounted."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Remove the volume. Raises InUse while a container uses it."""
        ...

    async def found(self) -> list[Found]:
        """Return every volume of this cloud."""
        ...

    async def can_limit_size(self) -> bool:
        """Return whether the size of a volume can be enforced here."""
        ...

    async def free_bytes(self) -> int | None:
        """Return how much room the file system has that volumes and containers are on; None when nobody can tell."""
        ...


class Images(Protocol):
    """Knows what can be run."""

    async def is_available(self, image: str) -> bool:
        """Return whether the image exists here or in a registry."""
        ...

    async def digest(self, image: str) -> str | None:
        """Return the content that the image has here, as containers show it; None when it is not here."""
        ...

    async def cores(self) -> float:
        """Return how many cores there are: nothing can be run with more."""
        ...


class EngineWatch(Protocol):
    """Tells when something happens to a container, network or volume."""

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield what happened since the cursor, then what happens. Ends with Unreachable when cut."""
        ...
