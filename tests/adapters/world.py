"""The container ports to test, in memory or real, and accidents that happen to containers."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from docker import APIClient

from adapters.docker import DockerPorts, docker_ports
from adapters.memory import (
    MemoryContainers,
    MemoryCopies,
    MemoryEngine,
    MemoryImages,
    MemoryNetworks,
    MemoryVolumes,
    MemoryWatch,
)
from adapters.restic import ResticCopies, TargetsFile
from domain.ports import Containers, ContainerSpec, EngineWatch, Images, Networks, SeenContainer, Volumes
from domain.snapshot.copies import Copies

T = TypeVar("T")
IMAGE = "miniaws/hello:local"
ACCOUNT = "acc-test"
GREEDY = ("tail", "/dev/zero")
"""A program that allocates memory until there is no more."""
DEADLINE_S = 45
TARGETS = "copy-targets.toml"
"""In the directory of the tests: a copy target."""


class Accidents(Protocol):
    """Accidents of containers."""

    async def kill(self, resource_id: str) -> None: ...

    async def pause(self, resource_id: str) -> None: ...

    async def vanish(self, resource_id: str) -> None: ...

    async def crash(self, resource_id: str, exit_code: int) -> None: ...

    async def lack_memory(self, resource_id: str) -> None: ...

    async def kept_images(self, resource_id: str) -> list[tuple[str, str]]:
        """Return name and id of each image that preserves files of a container."""
        ...


@dataclass(frozen=True)
class Infrastructure:
    containers: Containers
    networks: Networks
    volumes: Volumes
    images: Images
    copies: Copies
    watch: EngineWatch
    accidents: Accidents
    network_id: str
    cidr: str
    cloud: str = "pretended"
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def spec(self, word: str = "web", **changes: Any) -> ContainerSpec:
        wanted: dict[str, Any] = {
            "resource_id": self.id("i", word),
            "account_id": ACCOUNT,
            "name": word,
            "image": IMAGE,
            "network_id": self.network_id,
            "generation": 1,
            "cpus": 0.5,
            "memory_mb": 32,
            "restart": "never",
        }
        return ContainerSpec(**(wanted | changes))

    def id(self, prefix: str, word: str) -> str:
        """Return the same id for the same word, different in each test."""
        return self.ids.setdefault(f"{prefix}-{word}", f"{prefix}-{secrets.token_hex(5)}")

    async def running(self, spec: ContainerSpec) -> SeenContainer:
        await self.containers.ensure(spec)
        return await self.containers.start(spec.resource_id)

    async def until(self, resource_id: str, wanted: Callable[[SeenContainer], bool]) -> SeenContainer:
        async def look() -> SeenContainer | None:
            seen = await self.containers.inspect(resource_id)
            return seen if seen and wanted(seen) else None

        return await eventually(look)


async def eventually(look: Callable[[], Awaitable[T | None]], deadline_s: float = DEADLINE_S) -> T:
    """Wait for a value, and return it."""
    async with asyncio.timeout(deadline_s):
        while True:
            if (found := await look()) is not None:
                return found
            await asyncio.sleep(0.02)


class PretendedAccidents:
    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def kill(self, resource_id: str) -> None:
        self._engine.kill(resource_id)

    async def pause(self, resource_id: str) -> None:
        self._engine.pause(resource_id)

    async def vanish(self, resource_id: str) -> None:
        self._engine.vanish(resource_id)

    async def crash(self, resource_id: str, exit_code: int) -> None:
        self._engine.crash(resource_id, exit_code)

    async def lack_memory(self, resource_id: str) -> None:
        self._engine.kill(resource_id, oom=True)

    async def kept_images(self, resource_id: str) -> list[tuple[str, str]]:
        name = self._engine.kept_images.get(resource_id)
        digest = hashlib.sha256(resource_id.encode()).hexdigest()
        return [(name.removeprefix("docker.io/library/"), f"sha256:{digest}")] if name else []


class RealAccidents:
    """By hand, without our ports. The program is that of the hello image."""

    def __init__(self, ports: DockerPorts, api: APIClient) -> None:
        self._ports = ports
        self._api = api

    def _name(self, resource_id: str) -> str:
        return self._ports.engine.name(resource_id)

    async def kill(self, resource_id: str) -> None:
        await asyncio.to_thread(self._api.kill, self._name(resource_id))

    async def pause(self, resource_id: str) -> None:
        await asyncio.to_thread(self._api.pause, self._name(resource_id))

    async def vanish(self, resource_id: str) -> None:
        await asyncio.to_thread(self._api.remove_container, self._name(resource_id), force=True)

    async def crash(self, resource_id: str, exit_code: int) -> None:
        await self._ask(resource_id, f"/exit?code={exit_code}")

    async def lack_memory(self, resource_id: str) -> None:
        """Do nothing: GREEDY runs out of memory by itself."""

    async def kept_images(self, resource_id: str) -> list[tuple[str, str]]:
        filters = self._ports.engine.only(resource_id=resource_id)
        images: list[Any] = await asyncio.to_thread(self._api.images, filters=filters)
        return [(tag, image["Id"]) for image in images for tag in image["RepoTags"] or []]

    async def _ask(self, resource_id: str, path: str) -> None:
        await self._ports.containers.execute(resource_id, ["get", f"http://127.0.0.1:8080{path}"])


@asynccontextmanager
async def pretended_world(
    known_images: set[str] | None = None, engine: MemoryEngine | None = None
) -> AsyncGenerator[Infrastructure]:
    engine = engine or MemoryEngine()
    engine.known_images = known_images
    world = Infrastructure(
        containers=MemoryContainers(engine),
        networks=MemoryNetworks(engine),
        volumes=MemoryVolumes(engine),
        images=MemoryImages(engine),
        copies=MemoryCopies(engine),
        watch=MemoryWatch(engine),
        accidents=PretendedAccidents(engine),
        network_id="vpc-test",
        cidr="10.197.0.0/24",
    )
    await world.networks.ensure(world.network_id, ACCOUNT, world.cidr)
    yield world


@asynccontextmanager
async def real_world(
    docker_host: str, cloud: str, directory: Path, *, allow_pull: bool = True
) -> AsyncGenerator[Infrastructure]:
    ports = docker_ports(docker_host, cloud, directory, allow_pull=allow_pull)
    api = APIClient(docker_host, version="auto")
    world = Infrastructure(
        containers=ports.containers,
        networks=ports.networks,
        volumes=ports.volumes,
        images=ports.images,
        copies=ResticCopies(ports.engine, ["miniaws/restic:local"], TargetsFile(directory / TARGETS)),
        watch=ports.watch,
        accidents=RealAccidents(ports, api),
        network_id=f"vpc-{secrets.token_hex(5)}",
        cidr=free_range(await ports.networks.occupied()),
        cloud=cloud,
    )
    try:
        await world.networks.ensure(world.network_id, ACCOUNT, world.cidr)
        yield world
    finally:
        await sweep(ports)
        assert not api.images(filters=ports.engine.only())
        await ports.close()
        api.close()


def free_range(occupied: list[str]) -> str:
    """Return an unused range; other tests may run in parallel."""
    while (cidr := f"10.197.{secrets.randbelow(256)}.0/24") in occupied:
        pass
    return cidr


async def sweep(ports: DockerPorts) -> None:
    """Remove everything through the ports; the fixture of the cloud's name removes everything else."""
    for found in await ports.containers.found():
        await ports.containers.remove(found.resource_id)
    for found in await ports.volumes.found():
        await ports.volumes.remove(found.resource_id)
    for found in await ports.networks.found():
        await ports.networks.remove(found.resource_id)


def small_volume(docker_host: str, world: Infrastructure, resource_id: str, room_mb: int) -> None:
    """Create an in-memory volume, which can be small on every host."""
    labels = {"miniaws.cloud": world.cloud, "miniaws.id": resource_id}
    labels |= {"miniaws.kind": "volume", "miniaws.account": ACCOUNT}
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={room_mb}m"}
    api = APIClient(docker_host, version="auto")
    api.create_volume(f"{world.cloud}-{resource_id}", driver_opts=options, labels=labels)
    api.close()
