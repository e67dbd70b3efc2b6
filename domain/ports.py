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
    wrote outside its mounts are taken over by the next generation if ``keeps_files``. ``memory_mb`` is in MiB,
    ``cpus`` in cores.
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
    program: str | None = None
    """That of its specification; None of a container that an earlier version of ours has made."""


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


HOST = "host"
"""What the machine itself is called among samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a container, or the host, has used up to an instant.

    The counters (CPU time in nanoseconds, bytes moved) begin at zero in each ``run``. None cannot be measured here.
    """

    resource_id: str
    run: str
    """Another word after each start."""
    at: datetime
    cpu_ns: int
    memory_bytes: int
    """In use now, without the file cache that can be given back at once."""
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None
    block_read_bytes: int | None = None
    block_write_bytes: int | None = None
    cpus: float | None = None
    """Cores it may use; None when only the resource's type knows, here and below."""
    memory_limit_bytes: int | None = None


class Containers(Protocol):
    """Runs containers."""

    async def inspect(self, resource_id: str) -> SeenContainer | None:
        """Return the container as it is, or None when there is none."""
        ...

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        """Have this container, not started; a newer generation takes over its files. Raises ImageMissing, Refused."""
        ...

    async def start(self, resource_id: str) -> SeenContainer:
        """Have it run. Raises PortTaken, or Refused when the program cannot be started."""
        ...

    async def stop(self, resource_id: str, grace_s: int = 10) -> None:
        """Ask the program to end, and end it after the grace period. Nothing to stop is fine."""
        ...

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        """Change the limits of a container, running or not."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Have no container, and nothing that only served it. Nothing to remove is fine."""
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
        """Have this network. Raises RangeInUse when the range overlaps another network."""
        ...

    async def exists(self, resource_id: str) -> bool:
        """Tell whether the network is there."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Have no such network. Raises InUse while containers are on it."""
        ...

    async def found(self) -> list[Found]:
        """Return every network of this cloud."""
        ...

    async def occupied(self) -> list[str]:
        """Return the IPv4 ranges (CIDR) the host or others use, without this cloud's own."""
        ...


class Volumes(Protocol):
    """Keeps files."""

    async def ensure(
        self, resource_id: str, account_id: str, size_gb: int | None, *, fresh: bool = True
    ) -> None:
        """Have this volume, ready to be mounted; a size is a real limit.

        Raises Refused when the limit cannot be kept, or when the volume is gone and ``fresh`` is False: then its
        files are lost, and an empty volume in its place would hide that.
        """
        ...

    async def exists(self, resource_id: str) -> bool:
        """Tell whether the volume is there and can be mounted."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Have no such volume. Raises InUse while a container uses it."""
        ...

    async def found(self) -> list[Found]:
        """Return every volume of this cloud."""
        ...

    async def can_limit_size(self) -> bool:
        """Tell whether a volume can be held to a size here."""
        ...


class Images(Protocol):
    """Knows what can be run."""

    async def is_available(self, image: str) -> bool:
        """Tell whether the image is here or a registry offers it."""
        ...

    async def cores(self) -> float:
        """Return how many cores there are: nothing can be run with more."""
        ...


class EngineWatch(Protocol):
    """Tells when something happens to a container, network or volume."""

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield what happened since the cursor, then what happens. Ends with Unreachable when cut."""
        ...


class Stats(Protocol):
    """Measures what containers use."""

    async def sample(self) -> list[Sample]:
        """Return a sample of every container that runs, and of the host where it can be seen; no others."""
        ...
