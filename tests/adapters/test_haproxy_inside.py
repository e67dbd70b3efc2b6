"""A load balancer has an address of its own in its VPC: it is reached there, and its targets see it."""

import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from adapters.docker import DockerEngine
from adapters.host_network import BridgeAddresses, HostCommands
from domain.load_balancer.proxy import ProxySpec, Server
from domain.ports import HostAddress
from tests import load
from tests.adapters.proxies import Place, real_place
from tests.adapters.proxy_contract import Scene
from tests.adapters.world import ACCOUNT, free_range
from tests.conftest import build_images


@dataclass
class Inside:
    """A proxy with an address in the network of its targets."""

    place: Place
    scene: Scene
    addresses: BridgeAddresses

    @property
    def network(self) -> IPv4Network:
        return IPv4Network(self.place.world.cidr)

    @property
    def address(self) -> str:
        return str(self.network[70])

    def spec(self, *servers: Server) -> ProxySpec:
        return self.scene.spec(*servers, address=self.address, network=str(self.network))

    async def has_address(self) -> None:
        world = self.place.world
        wanted = HostAddress(self.scene.resource_id, ACCOUNT, world.network_id, self.address, ("front",))
        await self.addresses.ensure(wanted)

    async def asks(self, word: str, host: str) -> tuple[int, str]:
        """Send a request from a container."""
        argv = ["get", f"http://{host}:{self.scene.port}/"]
        done = await self.place.world.containers.execute(self.place.world.id("i", word), argv)
        return done.exit_code, done.stdout.decode()

    async def clients(self, word: str) -> set[str]:
        """Return the addresses that have connected to a target, also a moment ago."""
        argv = ["cat", "/proc/net/tcp"]
        done = await self.place.world.containers.execute(self.place.world.id("i", word), argv)
        ends = [line.split()[1:3] for line in done.stdout.decode().splitlines()[1:]]
        found = {remote for local, remote in ends if local.endswith(":1F90")}
        addresses = {str(IPv4Address(bytes.fromhex(each.split(":")[0])[::-1])) for each in found}
        return addresses - {"0.0.0.0"}  # noqa: S104 - compared with, never bound


@pytest.fixture
async def inside(engine: str, haproxy_image: str, tmp_path: Path) -> AsyncGenerator[Inside]:
    build_images("nftables")
    async with real_place(engine, haproxy_image, tmp_path) as place, place.scene() as scene:
        docker = DockerEngine(engine, place.world.cloud)
        try:
            yield Inside(place, scene, BridgeAddresses(docker, HostCommands(docker), [haproxy_image]))
        finally:
            await docker.close()


async def test_containers_of_its_network_reach_it_by_name(inside: Inside) -> None:
    await inside.has_address()
    first, second = inside.scene.targets
    for server in (first, second):
        await inside.scene.until(inside.spec(first, second), server.name, "up")
    for host in ("front", inside.address):
        code, said = await inside.asks("web-1", host)
        assert (code, "web-" in said) == (0, True), said
    assert (await load.get(inside.scene.port))[0] == 200, "it listens on the host as before"


async def test_containers_of_another_network_do_not(inside: Inside) -> None:
    await inside.has_address()
    await inside.scene.until(inside.spec(*inside.scene.targets), inside.scene.targets[0].name, "up")
    world, other = inside.place.world, f"vpc-{secrets.token_hex(5)}"
    await world.networks.ensure(other, ACCOUNT, free_range(await world.networks.occupied()))
    await world.running(world.spec("stranger", network_id=other))
    code, said = await inside.asks("stranger", inside.address)
    assert code != 0, said
    assert (await inside.asks("web-1", inside.address))[0] == 0


async def test_its_checks_and_requests_come_from_its_address(inside: Inside) -> None:
    await inside.has_address()
    target = inside.scene.targets[0]
    await inside.scene.until(inside.spec(target), target.name, "up")
    checked = await inside.clients("web-1")
    assert (await load.get(inside.scene.port))[0] == 200
    assert checked | await inside.clients("web-1") == {inside.address}


async def test_it_starts_before_the_host_has_its_address(inside: Inside) -> None:
    target = inside.scene.targets[0]
    spec = inside.spec(target)
    await inside.scene.until(spec, target.name, "down")
    await inside.has_address()
    await inside.scene.until(spec, target.name, "up")
    assert (await inside.asks("web-1", "front"))[0] == 0
