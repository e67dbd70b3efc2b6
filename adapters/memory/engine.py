"""The shared state of the in-memory ports, and failures that a test can cause."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Literal

from domain import image_reference
from domain.errors import InUse, Invalid, PortTaken, Refused
from domain.ports import ContainerSpec, ContainerState, EngineEvent, HostAddress, Kind, LogLine, SeenContainer

RUNS: frozenset[ContainerState] = frozenset({"running", "paused"})
ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound


@dataclass(slots=True)
class MemoryContainer:
    """A simulated container."""

    spec: ContainerSpec
    cpus: float
    memory_mb: int
    state: ContainerState = "created"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    address: str | None = None
    has_network: bool = True
    """Whether it is on the network of its specification."""
    lines: list[LogLine] = field(default_factory=list[LogLine])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Files written by the program; a newer generation keeps them."""
    image_digest: str | None = None

    def seen(self) -> SeenContainer:
        """Return the view of the port."""
        return SeenContainer(
            state=self.state,
            generation=self.spec.generation,
            started_at=self.started_at,
            finished_at=self.finished_at,
            exit_code=self.exit_code,
            oom_killed=self.oom_killed,
            address=self.address,
            cpus=self.cpus,
            memory_mb=self.memory_mb,
            shm_mb=self.spec.shm_mb,
            program=self.spec.program,
            image_digest=self.image_digest,
        )


@dataclass(frozen=True, slots=True)
class MemoryNetwork:
    """A simulated network."""

    account_id: str
    range: IPv4Network


@dataclass(frozen=True, slots=True)
class MemoryVolume:
    """A simulated volume."""

    account_id: str
    size_gb: int | None
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(slots=True)
class _Failure:
    error: Exception
    left: int | None


class _Ticking:
    """A clock that advances by a millisecond at each read."""

    def __init__(self) -> None:
        self._at = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._at += timedelta(milliseconds=1)
        return self._at


class MemoryEngine:
    """The state of the in-memory ports. ``clock`` returns an aware time; the default advances by itself."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or _Ticking()
        self.containers: dict[str, MemoryContainer] = {}
        self.networks: dict[str, MemoryNetwork] = {}
        self.volumes: dict[str, MemoryVolume] = {}
        self.host_addresses: dict[str, HostAddress] = {}
        """Addresses of the host in networks, by resource."""
        self.events: list[EngineEvent] = []
        self.missing_images: set[str] = set()
        """Images that do not exist, in addition to those whose name starts with ``nosuch``."""
        self.known_images: set[str] | None = None
        """If set, the only images that exist, as full references."""
        self.contents: dict[str, str] = {}
        """What an image holds, if a test says so; another text is another content."""
        self.kept_images: dict[str, str] = {}
        """By resource: the image that preserves the files of an older generation."""
        self.files_kept: dict[str, dict[str, bytes]] = {}
        """By resource: the files of a container that was removed."""
        self.free_bytes: int | None = 1 << 40
        self.cores = 64.0
        self.taken_ports: set[int] = set()
        """Host ports that a program outside the cloud listens on."""
        self.occupied = ["127.0.0.0/8", "172.17.0.0/16"]
        """Ranges that the host uses."""
        self.limits_size = True
        self.completes = {"base", "restore"}
        """Programs that succeed immediately; other jobs run until a test ends them."""
        self.is_held: Callable[[MemoryContainer], bool] = lambda _: False
        """Whether a container is paused for a snapshot."""
        self._failures: dict[str, _Failure] = {}
        self._changed = asyncio.Event()

    def fail(self, call: str, error: Exception, times: int | None = 1) -> None:
        """Make a port call such as ``containers.start`` raise the error, ``times`` times or (None) until ``heal``."""
        self._failures[call] = _Failure(error, times)

    def heal(self, call: str) -> None:
        """Make a port call work again."""
        self._failures.pop(call, None)

    def kill(self, resource_id: str, exit_code: int = 137, *, oom: bool = False) -> None:
        """Kill a program by hand, or because it is out of memory.

        As with Docker, a program killed by hand stays down; after out of memory the restart policy applies.
        """
        container = self.containers[resource_id]
        if oom:
            self.record(container.spec.kind, resource_id, "oom")
        self.end(resource_id, exit_code, oom=oom)
        if oom and container.spec.restart != "never":
            self.begin(resource_id)
            container.oom_killed = True

    def crash(self, resource_id: str, exit_code: int = 1) -> None:
        """End a program by itself; then the restart policy applies."""
        restart = self.containers[resource_id].spec.restart
        self.end(resource_id, exit_code)
        if restart == "always" or (restart == "on-failure" and exit_code != 0):
            self.begin(resource_id)

    def pause(self, resource_id: str) -> None:
        """Pause a program by hand."""
        container = self.containers[resource_id]
        container.state = "paused"
        self.record(container.spec.kind, resource_id, "pause")

    def vanish(self, resource_id: str) -> None:
        """Remove a container, network or volume by hand, even if it is in use."""
        if resource_id in self.containers:
            if self.containers[resource_id].state in RUNS:
                self.end(resource_id, 137)
            container = self.containers.pop(resource_id)
            self.record(container.spec.kind, resource_id, "destroy")
        if self.networks.pop(resource_id, None):
            self.record("vpc", resource_id, "destroy")
        if self.volumes.pop(resource_id, None):
            self.record("volume", resource_id, "destroy")

    def say(self, resource_id: str, text: str, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        """Append a line to the output of a program."""
        self.containers[resource_id].lines.append(LogLine(self.clock(), stream, text))
        self._wake()

    def content(self, image: str) -> str:
        """Return the digest of what an image holds."""
        told = f"{image_reference.parse_reference(image)} {self.contents.get(image, '')}"
        return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"

    def has_image(self, image: str) -> bool:
        """Return whether a container may be created from the image."""
        try:
            reference = str(image_reference.parse_reference(image))
        except Invalid:
            return False
        if reference in self.kept_images.values() or reference not in (self.known_images or {reference}):
            return False
        return not image.startswith("nosuch") and image not in self.missing_images

    async def enter(self, call: str) -> None:
        """Start a port call: yield to other tasks as a real call would, and raise the error set by a test."""
        await asyncio.sleep(0)
        failure = self._failures.get(call)
        if failure is None:
            return
        if failure.left is not None:
            failure.left -= 1
            if failure.left <= 0:
                del self._failures[call]
        raise failure.error

    def begin(self, resource_id: str) -> None:
        """Run the program. Raises PortTaken, InUse when its address is taken, Refused when its network is gone."""
        container = self.containers[resource_id]
        self._claim_ports(container.spec)
        container.address = self.address_for(container.spec)
        container.state, container.started_at = "running", self.clock()
        container.exit_code, container.oom_killed = None, False
        self.record(container.spec.kind, resource_id, "start")
        if self.completes & {*container.spec.command[:1]}:
            self.complete(resource_id)

    def complete(self, resource_id: str) -> None:
        """Complete a program that makes a backup or restores a database."""
        is_backup = self.containers[resource_id].spec.command[:1] == ("base",)
        at = self.clock().isoformat()
        self.say(resource_id, at if is_backup else f"step {at}")
        self.end(resource_id, 0)

    def end(self, resource_id: str, exit_code: int, *, oom: bool = False) -> None:
        """Stop the program."""
        container = self.containers[resource_id]
        container.state, container.address, container.finished_at = "exited", None, self.clock()
        container.exit_code, container.oom_killed = exit_code, oom
        self.record(container.spec.kind, resource_id, "die", exit_code)

    def record(self, kind: Kind, resource_id: str, action: str, exit_code: int | None = None) -> None:
        """Record an event and notify watchers."""
        cursor = str(len(self.events) + 1)
        self.events.append(EngineEvent(kind, resource_id, action, self.clock(), cursor, exit_code))
        self._wake()

    async def wait(self) -> None:
        """Return after the next change."""
        await self._changed.wait()

    def _wake(self) -> None:
        # Current waiters have the old event; later ones wait for the new one.
        self._changed.set()
        self._changed = asyncio.Event()

    def _claim_ports(self, spec: ContainerSpec) -> None:
        held = [
            (port.host_port, port.host_address)
            for other in self.containers.values()
            if other.state in RUNS and other.spec.resource_id != spec.resource_id
            for port in other.spec.ports
        ]
        for port in spec.ports:
            clash = any(
                number == port.host_port
                and (address == port.host_address or ANY_ADDRESS & {address, port.host_address})
                for number, address in held
            )
            if clash or port.host_port in self.taken_ports:
                raise PortTaken(
                    f"cannot listen on port {port.host_port}: another program does; "
                    "stop it or publish another port"
                )

    def addresses(self, network_id: str, besides: str) -> set[str | None]:
        """Return the addresses that containers and the host have in a network, for other resources."""
        held = {
            each.address
            for each in self.containers.values()
            if each.spec.network_id == network_id and each.spec.resource_id != besides
        }
        return held | {
            each.address
            for each in self.host_addresses.values()
            if each.network_id == network_id and each.resource_id != besides
        }

    def address_for(self, spec: ContainerSpec) -> str:
        """Return the address that a container gets. Raises InUse, or Refused when its network is gone."""
        network_id = spec.network_id
        network = self.networks.get(network_id)
        if network is None:
            raise Refused(f"cannot join {network_id}: there is no such network")
        used = self.addresses(network_id, besides=spec.resource_id)
        if spec.address is not None:
            if spec.address in used:
                raise InUse(
                    f"cannot start {spec.resource_id}: another container has its address; "
                    "stop that one, or wait until it ends"
                )
            return spec.address
        hosts = network.range.hosts()
        next(hosts)  # the first one is the gateway
        address = next((str(host) for host in hosts if str(host) not in used), None)
        if address is None:
            raise Refused(f"cannot join {network_id}: every address of {network.range} is in use")
        return address
