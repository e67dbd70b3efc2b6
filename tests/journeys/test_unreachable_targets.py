"""A load balancer cannot reach the host: addresses outside its VPC get no requests and no health checks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.memory import MemoryHostAddresses
from domain.load_balancer import BalancerSpec, HealthCheck, Listener, LoadBalancer, TargetGroup
from miniaws.process_managers.load_balancer import LoadBalancerManager
from tests import load
from tests.adapters.proxies import Place, real_place
from tests.conftest import listening_port
from tests.domain.vpcs import stored_vpc
from tests.process_managers.stage import REQUEST, Stage, open_stage

GROUP = TargetGroup(health_check=HealthCheck(interval_s=0.2, timeout_s=0.1, rise=1, fall=1))
ANSWER = "only for the host"


@pytest.fixture
async def place(engine: str, haproxy_image: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with real_place(engine, haproxy_image, tmp_path / "proxies") as found:
        yield found


@pytest.fixture
async def stage(place: Place, prepared_url: str, tmp_path: Path) -> AsyncGenerator[Stage]:
    async with open_stage(prepared_url, tmp_path) as opened:
        addresses = MemoryHostAddresses(opened.engine)
        opened.managers["load_balancer"] = LoadBalancerManager(opened.cloud, place.proxies, addresses)
        yield opened


@asynccontextmanager
async def host_server(address: str) -> AsyncGenerator[tuple[int, list[str]]]:
    """Serve a secret on an address of the host; yields the port and what connected."""
    visits: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append((await reader.readline()).decode())
        writer.write(f"HTTP/1.0 200 OK\r\n\r\n{ANSWER}".encode())
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], visits


async def stored_balancer(stage: Stage, cidr: str, target: dict[str, Any]) -> tuple[LoadBalancer, int]:
    """Store resources that an earlier version accepted: a VPC of any range, and a target with any address."""
    vpc = stored_vpc(cidr)
    vpc.report_available()
    vpc.conditions.claims.append(vpc.alive_claim())
    await stage.cloud.save(REQUEST, vpc)
    port = listening_port()
    spec = BalancerSpec("main", "lb", vpc.id, vpc.public_id, "old", [Listener(port)], [GROUP])
    balancer = LoadBalancer.create(spec)
    balancer.trigger_event(
        LoadBalancer.TargetRegistered,
        target_id=f"default:{target['address']}:{target['port']}",
        target_group="default",
        instance_id=None,
        instance_name=None,
        weight=1,
        selector=None,
        **target,
    )
    await stage.cloud.save(REQUEST, balancer)
    return balancer, port


async def attack(stage: Stage, place: Place, cidr: str, address: str, port: int) -> tuple[int, str]:
    """Use an address as a target, and return the response to a client of the load balancer."""
    balancer, listens_on = await stored_balancer(stage, cidr, {"address": address, "port": port})
    try:
        for _ in range(3):
            await stage.pass_(balancer)
        got = await load.get(listens_on, "/")
        assert ANSWER not in got[1]
        (target,) = (await stage.load(LoadBalancer, balancer.id)).targets.values()
        assert target.state == "unused"
        assert target.reason
        seen = await place.proxies.look(balancer.public_id)
        assert seen is not None
        assert not seen.servers
        return got
    finally:
        await place.proxies.remove(balancer.public_id)


@pytest.mark.parametrize(
    ("cidr", "address"),
    [
        ("127.0.0.0/24", "127.0.0.1"),
        ("0.0.0.0/24", "0.0.0.1"),
        ("169.254.169.0/24", "169.254.169.254"),
        ("10.20.0.0/24", "127.0.0.1"),
    ],
)
async def test_a_stored_target_on_the_host_gets_nothing(
    stage: Stage, place: Place, cidr: str, address: str
) -> None:
    async with host_server("0.0.0.0") as (port, visits):  # noqa: S104 - all the ways into the host
        status, _ = await attack(stage, place, cidr, address, port)
    assert (status, visits) == (503, [])


async def test_the_gateway_of_a_vpc_gets_nothing(stage: Stage, place: Place) -> None:
    gateway = place.world.cidr.replace(".0/24", ".1")
    async with host_server(gateway) as (port, visits):
        status, _ = await attack(stage, place, place.world.cidr, gateway, port)
    assert (status, visits) == (503, [])


async def test_an_instance_of_another_vpc_gets_nothing(stage: Stage, place: Place) -> None:
    victim = place.targets[0]
    status, _ = await attack(stage, place, "10.254.0.0/24", victim.address, victim.port)
    assert status == 503
