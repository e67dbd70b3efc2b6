"""Addresses of the host in networks, in memory and on a Docker engine, fulfil the same contract."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker import APIClient

from adapters.docker import DockerEngine
from adapters.docker.networks import bridge
from adapters.host_network import BridgeAddresses, HostCommands
from adapters.memory import MemoryEngine, MemoryHostAddresses
from domain.errors import ImageMissing
from domain.ports import ExecResult
from tests.adapters.host_address_contract import HostAddressContract, Scene
from tests.adapters.world import pretended_world, real_world
from tests.conftest import build_images


class TestMemory(HostAddressContract):
    @pytest.fixture
    async def scene(self) -> AsyncGenerator[Scene]:
        engine = MemoryEngine()
        async with pretended_world(engine=engine) as world:
            yield Scene(MemoryHostAddresses(engine), world)


@dataclass
class RealScene(Scene):
    engine: DockerEngine
    host: HostCommands
    api: APIClient

    @property
    def interface(self) -> str:
        return bridge(self.engine.name(self.world.network_id))

    async def on_the_bridge(self) -> list[str]:
        """Return the addresses of the bridge besides that of the gateway."""
        said = await self.host.run(["ip", "-json", "-4", "addr", "show", "dev", self.interface])
        found = [each["local"] for each in json.loads(said)[0]["addr_info"]]
        return [each for each in found if each != self.address(1)]

    async def ask(self, argv: list[str]) -> tuple[int, str]:
        """Run a program in a container of the network."""
        spec = self.world.spec("client", address=self.address(90))
        await self.world.running(spec)
        done = await self.world.containers.execute(spec.resource_id, argv)
        return done.exit_code, (done.stdout + done.stderr).decode()


class Powerless(HostCommands):
    """A host where this process may not change the network, and the image cannot be built."""

    async def execute(self, argv: Sequence[str], stdin: bytes = b"") -> ExecResult:
        del stdin
        raise ImageMissing(f"cannot run {argv[0]}: its image cannot be built")


@pytest.mark.parametrize("may_run_here", [True, False], ids=["here", "container"], scope="class")
class TestDocker(HostAddressContract):
    @pytest.fixture
    async def scene(
        self, engine: str, cloud_name: str, haproxy_image: str, tmp_path: Path, *, may_run_here: bool
    ) -> AsyncGenerator[RealScene]:
        api, docker = APIClient(engine, version="auto"), DockerEngine(engine, cloud_name)
        build_images("nftables")
        host = HostCommands(docker, may_run_here=may_run_here)
        try:
            async with real_world(engine, cloud_name, tmp_path) as world:
                addresses = BridgeAddresses(docker, host, [haproxy_image])
                yield RealScene(addresses, world, docker, host, api)
        finally:
            await docker.close()
            api.close()

    async def test_the_names_lead_to_what_listens_on_the_host(self, scene: RealScene) -> None:
        wanted = scene.wanted()
        await scene.addresses.ensure(wanted)
        clients: list[str] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            clients.append(writer.get_extra_info("peername")[0])
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, wanted.address, 0) as server:
            port = server.sockets[0].getsockname()[1]
            for name in wanted.names:
                code, said = await scene.ask(["get", f"http://{name}:{port}/"])
                assert (code, "hello" in said) == (0, True), said
        assert clients == [scene.address(90)] * 2

    async def test_the_host_connects_from_it(self, scene: RealScene) -> None:
        await scene.addresses.ensure(scene.wanted())
        await scene.ask(["echo"])
        with socket.create_connection((scene.address(90), 8080), 5, (scene.address(70), 0)) as connected:
            assert connected.getsockname()[0] == scene.address(70)

    async def test_what_was_undone_by_hand_is_done_again(self, scene: RealScene) -> None:
        wanted = scene.wanted()
        await scene.addresses.ensure(wanted)
        await scene.host.run(["ip", "addr", "del", f"{wanted.address}/32", "dev", scene.interface])
        await scene.addresses.ensure(wanted)
        assert await scene.on_the_bridge() == [wanted.address]
        name = scene.engine.name(f"{wanted.resource_id}.name")
        for undo in (lambda: scene.api.kill(name), lambda: scene.api.remove_container(name, force=True)):
            await asyncio.to_thread(undo)
            await scene.addresses.ensure(wanted)
            assert scene.api.inspect_container(name)["State"]["Running"]
            assert await scene.on_the_bridge() == [wanted.address]

    async def test_nothing_is_left_of_a_removed_one(self, scene: RealScene) -> None:
        await scene.addresses.ensure(scene.wanted(72))
        await scene.addresses.ensure(scene.wanted(73))
        assert await scene.on_the_bridge() == [scene.address(73)]
        await scene.remove()
        assert await scene.on_the_bridge() == []
        assert await scene.world.containers.found() == []

    async def test_an_address_without_its_name_holder_is_removed(self, scene: RealScene) -> None:
        wanted = scene.wanted(72)
        await scene.addresses.ensure(wanted)
        name = scene.engine.name(f"{wanted.resource_id}.name")
        await asyncio.to_thread(scene.api.remove_container, name, force=True)
        await scene.addresses.ensure(scene.wanted(73, "back"))
        assert await scene.on_the_bridge() == [scene.address(73)]
        await scene.remove("back")
        assert await scene.on_the_bridge() == []

    async def test_a_host_whose_network_cannot_be_changed_gets_no_name(
        self, scene: RealScene, haproxy_image: str
    ) -> None:
        powerless = BridgeAddresses(scene.engine, Powerless(scene.engine), [haproxy_image])
        with pytest.raises(ImageMissing):
            await powerless.ensure(scene.wanted())
        assert await scene.world.containers.found() == []
        await scene.addresses.ensure(scene.wanted())
        await powerless.remove(scene.wanted().resource_id, scene.world.network_id)
        assert await scene.world.containers.found() == []
        await scene.remove()
        assert await scene.on_the_bridge() == []
