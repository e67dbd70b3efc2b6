"""A real HAProxy in front of two real targets."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.docker import DockerEngine, engine_sweep
from adapters.haproxy import HAProxies
from domain.load_balancer.proxy import Server
from tests.adapters.proxy_contract import Scene
from tests.adapters.world import Infrastructure, real_world


@dataclass(frozen=True)
class Place:
    """Runs proxies, and two targets that are shared by tests which leave them healthy."""

    proxies: HAProxies
    directory: Path
    world: Infrastructure
    targets: list[Server]

    @asynccontextmanager
    async def scene(self, taken_port: int = 0) -> AsyncGenerator[Scene]:
        """A proxy for one test."""
        found = Scene(self.proxies, list(self.targets), taken_port, f"lb-{secrets.token_hex(5)}")
        try:
            yield found
        finally:
            await self.proxies.remove(found.resource_id)


@asynccontextmanager
async def real_place(docker_host: str, image: str, directory: Path) -> AsyncGenerator[Place]:
    cloud = f"mawtest-{secrets.token_hex(4)}"
    engine = DockerEngine(docker_host, cloud)
    proxies = HAProxies(engine, directory / "load-balancers", [image], "127.0.0.1")
    try:
        async with real_world(docker_host, cloud, directory) as world:
            targets = [await target(world, word) for word in ("web-1", "web-2")]
            yield Place(proxies, directory, world, targets)
    finally:
        await engine.close()
        await asyncio.to_thread(engine_sweep.sweep, docker_host, cloud)


async def target(world: Infrastructure, word: str) -> Server:
    """Return a running target that responds with its name; it is restarted after it was killed."""
    spec = world.spec(word, environment={"APP_VERSION": word, "QUIET": "1"})
    seen = await world.running(spec)
    return Server(f"default:{spec.resource_id}:8080", seen.address or "", 8080, 1)
