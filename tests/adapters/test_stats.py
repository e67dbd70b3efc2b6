"""Resource usage of containers on a real engine: from kernel files and from the engine's streams."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters import host
from adapters.docker import DockerEngine, DockerStats
from adapters.docker.cgroup_files import CgroupFiles
from domain.stats import HOST, Sample
from tests.adapters.world import Infrastructure, eventually, real_world

BURN = ("sh", "-c", "while :; do :; done")
LIMIT = 0.5
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Measured:
    world: Infrastructure
    stats: DockerStats

    async def of(self, resource_id: str) -> Sample | None:
        found = [sample for sample in await self.stats.sample() if sample.resource_id == resource_id]
        return found[0] if found else None

    async def first(self, resource_id: str) -> Sample:
        return await eventually(lambda: self.of(resource_id))

    async def later(self, before: Sample, seconds: float) -> Sample:
        """Return a sample that is at least a duration later than another one."""

        async def look() -> Sample | None:
            found = await self.of(before.resource_id)
            return found if found and (found.at - before.at).total_seconds() >= seconds else None

        return await eventually(look)


@pytest.fixture(params=["files", "streams"])
async def measured(
    request: pytest.FixtureRequest, engine: str, cloud_name: str, tmp_path: Path
) -> AsyncGenerator[Measured]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        docker = DockerEngine(engine, cloud_name)
        stats = DockerStats(docker, CgroupFiles() if request.param == "files" else None)
        yield Measured(world, stats)
        await stats.close()
        await docker.close()


def cores(before: Sample, after: Sample) -> float:
    return (after.cpu_ns - before.cpu_ns) / 1e9 / (after.at - before.at).total_seconds()


async def test_a_program_that_burns_is_measured_near_its_limit(measured: Measured) -> None:
    spec = measured.world.spec("burner", cpus=LIMIT, command=BURN)
    await measured.world.running(spec)
    first = await measured.first(spec.resource_id)
    # A busy machine may not give it all it may take, but never more; so look until it got its share once.
    async with asyncio.timeout(60):
        share = 0.0
        while share < 0.8 * LIMIT:
            second = await measured.later(first, 2)
            share = cores(first, second)
            assert share < 1.1 * LIMIT
            first = second


async def test_an_idle_program_is_measured_near_nothing(measured: Measured) -> None:
    spec = measured.world.spec("idle")
    await measured.world.running(spec)
    first = await measured.first(spec.resource_id)
    assert cores(first, await measured.later(first, 2)) < 0.05


async def test_memory_that_a_program_takes_is_seen(measured: Measured) -> None:
    spec = measured.world.spec("eater", memory_mb=128)
    await measured.world.running(spec)
    before = await measured.first(spec.resource_id)
    await measured.world.containers.execute(spec.resource_id, ["get", "http://127.0.0.1:8080/alloc?mb=40"])
    after = await measured.later(before, 2)
    # What it held before may have been given back meanwhile.
    assert 38 * MEBIBYTE <= after.memory_bytes - before.memory_bytes < 48 * MEBIBYTE


async def test_bytes_over_the_network_are_counted_and_those_to_itself_are_not(measured: Measured) -> None:
    for word in ("asker", "teller"):
        await measured.world.running(measured.world.spec(word))
    asker, teller = measured.world.id("i", "asker"), measured.world.id("i", "teller")
    seen = await measured.world.containers.inspect(teller)
    assert seen is not None
    before = await measured.first(teller)
    for _ in range(20):
        await measured.world.containers.execute(asker, ["get", f"http://{seen.address}:8080/health"])
    after = await measured.later(before, 2)
    assert before.network_rx_bytes is not None
    assert after.network_rx_bytes is not None
    assert after.network_rx_bytes - before.network_rx_bytes > 20 * 200
    assert after.block_read_bytes is not None


async def test_what_does_not_run_is_missing_and_comes_back_as_another_run(measured: Measured) -> None:
    spec = measured.world.spec("sleeper")
    await measured.world.running(spec)
    first = await measured.first(spec.resource_id)
    await measured.world.containers.stop(spec.resource_id)

    async def gone() -> bool | None:
        return await measured.of(spec.resource_id) is None or None

    assert await eventually(gone)
    await measured.world.containers.start(spec.resource_id)
    again = await measured.first(spec.resource_id)
    assert again.run != first.run


async def test_the_host_is_seen_only_where_the_engine_runs(engine: str, cloud_name: str) -> None:
    docker = DockerEngine(engine, cloud_name)
    here, elsewhere = DockerStats(docker, CgroupFiles()), DockerStats(docker, None)
    assert [sample.resource_id for sample in await here.sample()] == [HOST]
    assert await elsewhere.sample() == []
    await docker.close()


async def test_the_host_is_as_busy_as_what_runs_on_it() -> None:
    before = host.sample()
    assert before.cpus is not None
    assert before.memory_limit_bytes is not None
    assert 0 < before.memory_bytes < before.memory_limit_bytes

    async def grown() -> Sample | None:
        now = host.sample()
        return now if now.cpu_ns - before.cpu_ns > 10**8 else None

    spinning = await asyncio.create_subprocess_exec("sh", "-c", "while :; do :; done")
    try:
        after = await eventually(grown)
    finally:
        spinning.kill()
        await spinning.wait()
    assert after.run == before.run
    assert cores(before, after) <= before.cpus * 1.2


def test_files_of_cgroup_version_2_are_read(tmp_path: Path) -> None:
    container = secrets.token_hex(32)
    folder = tmp_path / "cgroup" / "system.slice" / f"docker-{container}.scope"
    network = tmp_path / "proc" / "4711" / "net"
    network.mkdir(parents=True)
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text("4711\n4712\n")
    (folder / "cpu.stat").write_text("usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n")
    (folder / "memory.current").write_text("9000\n")
    (folder / "memory.stat").write_text("anon 5000\ninactive_file 4000\n")
    (folder / "io.stat").write_text("8:0 rbytes=10 wbytes=20 rios=1 wios=2\n8:16 rbytes=1 wbytes=2 rios=1\n")
    numbers = "0 0 0 0 0 0 0"
    (network / "dev").write_text(
        f"head\nhead\n lo: 5 {numbers} 6 {numbers}\n eth0: 70 {numbers} 80 {numbers}\n"
    )
    sample = CgroupFiles(tmp_path / "cgroup", tmp_path / "proc").read("i-1", container)
    assert sample is not None
    assert (sample.cpu_ns, sample.memory_bytes) == (1_500_000, 5000)
    assert (sample.network_rx_bytes, sample.network_tx_bytes) == (70, 80)
    assert (sample.block_read_bytes, sample.block_write_bytes) == (11, 22)


def test_what_cannot_be_measured_is_none_and_not_zero(tmp_path: Path) -> None:
    folder = tmp_path / "docker" / "abc"
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text("4711\n")
    (folder / "cpu.stat").write_text("usage_usec 1500\n")
    (folder / "memory.current").write_text("9000\n")
    (folder / "memory.stat").write_text("inactive_file 4000\n")
    sample = CgroupFiles(tmp_path, tmp_path / "proc").read("i-1", "abc")
    assert sample is not None
    assert sample.network_rx_bytes is None
    assert sample.block_read_bytes is None


def test_a_container_that_has_ended_has_no_sample(tmp_path: Path) -> None:
    folder = tmp_path / "docker" / "abc"
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text("")
    (folder / "cpu.stat").write_text("usage_usec 1500\n")
    assert CgroupFiles(tmp_path, tmp_path / "proc").read("i-1", "abc") is None
    assert CgroupFiles(tmp_path, tmp_path / "proc").read("i-2", "def") is None
