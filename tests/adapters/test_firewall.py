"""Firewalls in memory and of nftables fulfil the same contract."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.docker import DockerEngine
from adapters.docker.firewall_rules import table_name
from adapters.host_network import HostCommands
from adapters.memory import MemoryEngine, MemoryFirewall
from adapters.nftables import NftablesFirewall
from domain.firewall import FirewallRule
from tests.adapters.firewall_contract import FirewallContract, Scene
from tests.adapters.world import pretended_world, real_world
from tests.conftest import build_images


class TestMemory(FirewallContract):
    @pytest.fixture
    async def scene(self) -> AsyncGenerator[Scene]:
        engine = MemoryEngine()
        firewall = MemoryFirewall(engine)

        async def flush() -> None:
            firewall.flush()

        async with pretended_world(engine=engine) as world:
            yield Scene(firewall, world, flush)


@asynccontextmanager
async def nftables_scene(
    engine: str, cloud_name: str, directory: Path, *, may_run_here: bool
) -> AsyncGenerator[Scene]:
    build_images("nftables")
    docker = DockerEngine(engine, cloud_name)
    host = HostCommands(docker, may_run_here=may_run_here)

    async def flush() -> None:
        await host.run(["nft", "flush", "table", "inet", table_name(cloud_name)])

    try:
        async with real_world(engine, cloud_name, directory) as world:
            yield Scene(NftablesFirewall(docker, host), world, flush)
    finally:
        await docker.close()


class TestNftables(FirewallContract):
    @pytest.fixture
    async def scene(self, engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Scene]:
        async with nftables_scene(engine, cloud_name, tmp_path, may_run_here=True) as scene:
            yield scene


async def test_a_container_writes_the_table_where_this_process_may_not(
    engine: str, cloud_name: str, tmp_path: Path
) -> None:
    async with nftables_scene(engine, cloud_name, tmp_path, may_run_here=False) as scene:
        assert await scene.firewall.why_unavailable() is None
        await scene.two(FirewallRule("ingress", "tcp", 8080, 8080, group_id="sg-clients"))
        assert await scene.firewall.is_intact()
        assert [await scene.passes("tcp", port) for port in (8080, 8081)] == [True, False]
