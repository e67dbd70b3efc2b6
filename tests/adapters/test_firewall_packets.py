"""Real programs behind the nftables firewall: the first packet, connections that exist, published ports, the host."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.docker import DockerEngine
from adapters.docker.networks import bridge
from adapters.host_network import HostCommands
from adapters.nftables import NftablesFirewall
from domain.firewall import EVERYWHERE, FirewallMember, FirewallRule, FirewallTable
from domain.ports import PublishedPort
from tests.adapters.firewall_contract import EVERYTHING_IN, EVERYTHING_OUT, Scene
from tests.adapters.world import eventually, real_world
from tests.conftest import build_images, free_port

IMAGE = "miniaws/nftables:local"
LISTENS = (
    "nc -lk 9000 >>/tmp/tcp & nc -luk 9001 >>/tmp/udp & "
    "while :; do printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello' | nc -lN 9002 >/dev/null; done"
)
CONNECTS = "touch /tmp/in; tail -f /tmp/in | nc SERVER 9000"
SENDS_AT_ONCE = (
    "echo early | nc -w 1 -N SERVER 9000; echo early | nc -u -q 0 -w 1 SERVER 9001; echo done; sleep infinity"
)


@dataclass
class RealScene(Scene):
    host: HostCommands
    bridge: str

    async def serve(self, *published: PublishedPort) -> FirewallMember:
        """Run a server on TCP 9000 and 9002 and UDP 9001."""
        spec = replace(self.spec("server", 30), image=IMAGE, command=("sh", "-c", LISTENS), ports=published)
        await self.world.running(spec)
        listening = "nc -z 127.0.0.1 9000 && nc -z 127.0.0.1 9002"

        async def serves() -> bool | None:
            return (await self.run("server", listening))[0] == 0 or None

        await eventually(serves)
        return replace(self.member("server", 30, "sg-servers"), published=published)

    async def client(self, script: str) -> None:
        command = ("sh", "-c", script.replace("SERVER", self.address(30)))
        await self.world.running(replace(self.spec("client", 20), image=IMAGE, command=command))

    async def run(self, word: str, script: str) -> tuple[int, str]:
        argv = ["sh", "-c", script.replace("SERVER", self.address(30))]
        done = await self.world.containers.execute(self.world.id("i", word), argv)
        return done.exit_code, done.stdout.decode()

    async def received(self, text: str) -> None:
        async def look() -> bool | None:
            return text in (await self.run("server", "cat /tmp/tcp /tmp/udp"))[1] or None

        await eventually(look)

    async def open_to(self, server: FirewallMember, *rules: FirewallRule) -> FirewallTable:
        """Allow the server these connections, and the client everything."""
        groups = self.group("sg-clients", EVERYTHING_OUT), self.group("sg-servers", *rules)
        table = self.table(*groups, members=(server, self.member("client", 20, "sg-clients")))
        await self.firewall.apply(table)
        return table


@pytest.fixture
async def scene(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[RealScene]:
    build_images("nftables")
    docker = DockerEngine(engine, cloud_name)
    host = HostCommands(docker)

    async def flush() -> None:
        """Do nothing: the contract tests that."""

    try:
        async with real_world(engine, cloud_name, tmp_path) as world:
            interface = bridge(docker.name(world.network_id))
            yield RealScene(NftablesFirewall(docker, host), world, flush, host, interface)
    finally:
        await docker.close()


async def answers(address: str, port: int, source: str | None = None) -> bool:
    """Return whether an HTTP server answers a connection of the host."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.5):
            local = None if source is None else (source, 0)
            reader, writer = await asyncio.open_connection(address, port, local_addr=local)
            with contextlib.closing(writer):
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                return b"hello" in await reader.read()
    return False


async def accepts(address: str, port: int) -> bool:
    """Return whether a connection of the host is accepted."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.5):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            return True
    return False


async def test_the_first_packet_is_dropped(scene: RealScene) -> None:
    server = await scene.serve()
    await scene.open_to(server, EVERYTHING_IN)
    await scene.firewall.admit(scene.member("client", 20, "sg-silent"))
    await scene.client(SENDS_AT_ONCE)

    async def done() -> bool | None:
        lines = [each.text async for each in scene.world.containers.logs(scene.world.id("i", "client"))]
        return "done" in lines or None

    await eventually(done)
    assert (await scene.run("server", "cat /tmp/tcp /tmp/udp"))[1] == ""
    assert (await scene.firewall.dropped())["sg-silent"] >= 2


async def test_tcp_and_udp_arrive_where_they_are_allowed(scene: RealScene) -> None:
    server = await scene.serve()
    tcp = FirewallRule("ingress", "tcp", 9000, 9000, group_id="sg-clients")
    udp = FirewallRule("ingress", "udp", 9001, 9001, cidr=f"{scene.address(20)}/32")
    await scene.open_to(server, tcp, udp)
    await scene.client("sleep infinity")
    await scene.run(
        "client", "echo over-tcp | nc -w 2 -N SERVER 9000; echo over-udp | nc -u -q 0 -w 1 SERVER 9001"
    )
    await scene.received("over-tcp")
    await scene.received("over-udp")


async def test_a_connection_survives_the_rule_that_allowed_it(scene: RealScene) -> None:
    server = await scene.serve()
    table = await scene.open_to(server, EVERYTHING_IN)
    await scene.client(CONNECTS)
    await scene.run("client", "echo before >>/tmp/in")
    await scene.received("before")
    await scene.firewall.apply(replace(table, groups=(table.groups[0], scene.group("sg-servers"))))
    await scene.run("client", "echo after >>/tmp/in")
    await scene.received("after")
    assert (await scene.run("client", "nc -z -w 1 SERVER 9002"))[0] == 1


async def test_a_published_port_is_open_to_whom_the_rules_name(scene: RealScene) -> None:
    port = free_port()
    server = await scene.serve(PublishedPort(9002, port))
    await scene.open_to(server, FirewallRule("ingress", "tcp", 9002, 9002, cidr=EVERYWHERE))
    assert await answers("127.0.0.1", port)
    await scene.open_to(server, FirewallRule("ingress", "tcp", 9002, 9002, cidr="127.0.0.2/32"))
    assert not await answers("127.0.0.1", port)
    assert await answers("127.0.0.1", port, "127.0.0.2")
    await scene.open_to(server, FirewallRule("ingress", "tcp", 9000, 9001, cidr=EVERYWHERE))
    assert not await answers("127.0.0.1", port)


async def test_programs_of_the_host_pass_the_rules_at_every_published_address(scene: RealScene) -> None:
    gateway = scene.address(1)
    ports = (
        PublishedPort(9000, free_port(), gateway),
        PublishedPort(9000, free_port(), "0.0.0.0"),  # noqa: S104 - only while the test runs
    )
    server = await scene.serve(*ports)
    for source, passes in ((EVERYWHERE, True), ("192.0.2.7/32", False), (f"{gateway}/32", True)):
        await scene.open_to(server, FirewallRule("ingress", "tcp", 9000, 9000, cidr=source))
        assert [await accepts(gateway, each.host_port) for each in ports] == [passes, passes]


async def test_programs_of_the_host_reach_every_member(scene: RealScene) -> None:
    await scene.open_to(await scene.serve())
    assert await answers(scene.address(30), 9002)


async def test_the_address_of_a_balancer_is_checked_as_any_other(scene: RealScene) -> None:
    await scene.host.run(["ip", "addr", "add", f"{scene.address(70)}/32", "dev", scene.bridge])
    server = await scene.serve()
    balancer = FirewallMember("lb-front", scene.address(70), ("sg-front",))
    from_it = FirewallRule("ingress", "tcp", 9002, 9002, group_id="sg-front")
    for rules, passes in (((from_it,), True), ((), False)):
        table = await scene.open_to(server, *rules)
        front = scene.group("sg-front", EVERYTHING_OUT)
        await scene.firewall.apply(
            replace(table, groups=(*table.groups, front), members=(*table.members, balancer))
        )
        assert await answers(scene.address(30), 9002, scene.address(70)) is passes


async def test_a_member_reaches_a_balancer_that_its_rules_allow(scene: RealScene) -> None:
    await scene.host.run(["ip", "addr", "add", f"{scene.address(70)}/32", "dev", scene.bridge])
    balancer = FirewallMember("lb-front", scene.address(70), ("sg-front",))
    client = scene.member("client", 20, "sg-clients")
    await scene.client("sleep infinity")
    web = FirewallRule("ingress", "tcp", 80, 80, group_id="sg-clients")
    groups = scene.group("sg-clients", EVERYTHING_OUT), scene.group("sg-front", web)
    await scene.firewall.apply(scene.table(*groups, members=(client, balancer)))
    assert [await scene.passes("tcp", port, to=70) for port in (80, 81)] == [True, False]


async def test_nothing_is_sent_to_everybody_at_once(scene: RealScene) -> None:
    await scene.open_to(await scene.serve(), EVERYTHING_IN)
    await scene.client("sleep infinity")
    everybody = (scene.address(255), "255.255.255.255")
    sends = "; ".join(f"echo all | nc -u -b -q 0 -w 1 {each} 9001" for each in everybody)
    await scene.run("client", sends)
    await scene.run("client", "echo one | nc -u -q 0 -w 1 SERVER 9001")
    await scene.received("one")
    assert (await scene.run("server", "cat /tmp/udp"))[1] == "one\n"


async def test_what_is_no_member_reaches_nobody(scene: RealScene) -> None:
    table = await scene.open_to(await scene.serve(), EVERYTHING_IN)
    await scene.client("sleep infinity")
    await scene.firewall.apply(replace(table, members=table.members[:1]))
    assert (await scene.run("client", "nc -z -w 1 SERVER 9002"))[0] == 1
    linked = replace(table, members=table.members[:1], links=((scene.address(20), scene.address(30)),))
    await scene.firewall.apply(linked)
    assert (await scene.run("client", "nc -z -w 1 SERVER 9002"))[0] == 0
