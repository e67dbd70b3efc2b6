"""Behaviour of containers that only a real engine has."""

import asyncio
import gc
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from adapters.docker import DockerContainers, docker_ports
from domain.errors import PortError, Refused, Unreachable
from domain.ports import Found, LogLine, Mount
from tests.adapters.world import ACCOUNT, DEADLINE_S, Infrastructure, free_range, real_world

CHATTER = (
    "sh",
    "-c",
    "echo out; echo err >&2; trap 'echo bye; exit 0' TERM; while :; do sleep 1 & wait; done",
)


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    client = APIClient(engine, version="auto")
    yield client
    client.close()


async def shell(world: Infrastructure, resource_id: str, script: str) -> str:
    result = await world.containers.execute(resource_id, ["sh", "-c", script])
    assert result.exit_code == 0, result
    return result.stdout.decode()


async def test_what_names_no_resource_is_not_ours_and_stays(
    world: Infrastructure, api: APIClient, cloud_name: str
) -> None:
    spec = world.spec()
    await world.running(spec)
    stranger = api.create_container("miniaws/hello:local", labels={"miniaws.cloud": cloud_name})["Id"]
    try:
        assert await world.containers.found() == [Found("instance", spec.resource_id, 1)]
        await world.containers.remove("")
        assert await world.containers.inspect(spec.resource_id) is not None
        await world.containers.remove(spec.resource_id)
        assert api.inspect_container(stranger)["Id"] == stranger
    finally:
        api.remove_container(stranger, force=True)


async def test_a_program_inside_has_its_code_and_both_streams(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    result = await world.containers.execute(spec.resource_id, ["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n", b"err\n")


async def test_output_is_cut_but_the_program_ends(world: Infrastructure) -> None:
    spec = world.spec(memory_mb=64)
    await world.running(spec)
    script = "dd if=/dev/zero bs=1024 count=3000 2>/dev/null; echo done >&2"
    result = await world.containers.execute(spec.resource_id, ["sh", "-c", script])
    assert (result.exit_code, len(result.stdout), result.stderr) == (0, 1024 * 1024, b"done\n")


async def test_a_program_that_takes_too_long_is_given_up(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    with pytest.raises(Refused, match=r"cannot run sleep .* within 0\.2 s"):
        await world.containers.execute(spec.resource_id, ["sleep", "5"], timeout_s=0.2)


async def test_a_log_has_both_streams_and_times(world: Infrastructure) -> None:
    spec = world.spec(command=CHATTER)
    seen = await world.running(spec)
    lines = await followed(world, spec.resource_id, 2)
    assert {(line.stream, line.text) for line in lines} == {("stdout", "out"), ("stderr", "err")}
    assert seen.started_at is not None
    assert all(abs((line.at - seen.started_at).total_seconds()) < DEADLINE_S for line in lines)
    await world.containers.stop(spec.resource_id)
    whole = [line.text async for line in world.containers.logs(spec.resource_id)]
    assert whole[-1] == "bye"
    assert [line.text async for line in world.containers.logs(spec.resource_id, tail=1)] == ["bye"]


async def followed(world: Infrastructure, resource_id: str, count: int) -> list[LogLine]:
    lines: list[LogLine] = []
    async with asyncio.timeout(DEADLINE_S):
        async for line in world.containers.logs(resource_id, follow=True):
            lines.append(line)
            if len(lines) == count:
                break
    return lines


async def test_following_ends_with_the_container(world: Infrastructure) -> None:
    spec = world.spec(command=CHATTER)
    await world.running(spec)

    async def follow() -> list[str]:
        return [line.text async for line in world.containers.logs(spec.resource_id, follow=True)]

    following = asyncio.create_task(follow())
    await followed(world, spec.resource_id, 2)
    await world.containers.stop(spec.resource_id)
    async with asyncio.timeout(DEADLINE_S):
        assert (await following)[-1] == "bye"


async def test_who_stops_following_leaves_no_connection(world: Infrastructure) -> None:
    spec = world.spec(command=CHATTER)
    await world.running(spec)
    before = open_files()
    for _ in range(5):
        log = world.containers.logs(spec.resource_id, follow=True)
        assert isinstance(log, AsyncGenerator)
        async with aclosing(log):
            await anext(log)
    assert open_files() == before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_line_longer_than_the_engine_splits_is_one_line(world: Infrastructure) -> None:
    spec = world.spec(command=("sh", "-c", "head -c 50000 /dev/zero | tr '\\0' x; echo; echo end"))
    await world.running(spec)
    lines = [line.text async for line in world.containers.logs(spec.resource_id, follow=True)]
    assert lines == ["x" * 50_000, "end"]


async def test_a_command_that_does_not_exist_is_told(world: Infrastructure) -> None:
    spec = world.spec(command=("nosuchprogram",))
    await world.containers.ensure(spec)
    with pytest.raises(
        Refused, match=r'^cannot start i-\w+: there is no program "nosuchprogram" in the image'
    ):
        await world.containers.start(spec.resource_id)


async def test_more_than_the_host_has_is_refused(world: Infrastructure) -> None:
    with pytest.raises(Refused, match="CPUs"):
        await world.containers.ensure(world.spec(cpus=4000))
    assert await world.containers.found() == []


async def test_limits_are_real(world: Infrastructure, api: APIClient, cloud_name: str) -> None:
    spec = world.spec(cpus=0.25, memory_mb=40)
    await world.running(spec)
    v1, v2 = "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"
    assert int(await shell(world, spec.resource_id, f"cat {v1} 2>/dev/null || cat {v2}")) == 40 * 1024 * 1024
    v1, v2 = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu.max"
    quota = await shell(world, spec.resource_id, f"cat {v1} 2>/dev/null || cat {v2}")
    assert quota.split()[0] == "25000"
    assert "NoNewPrivs:\t1" in await shell(world, spec.resource_id, "cat /proc/1/status")
    settings = api.inspect_container(f"{cloud_name}-{spec.resource_id}")["HostConfig"]
    assert settings["PidsLimit"] == 1024
    assert settings["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}


async def test_names_resolve_inside_a_network(world: Infrastructure) -> None:
    server, client = world.spec("server"), world.spec("client")
    await world.running(server)
    await world.running(client)
    for name in ("server", server.resource_id):
        answer = await shell(world, client.resource_id, f"get http://{name}:8080/")
        assert '"hostname":"server"' in answer


async def test_networks_are_apart(world: Infrastructure) -> None:
    other = world.id("vpc", "other")
    await world.networks.ensure(other, ACCOUNT, free_range([*await world.networks.occupied(), world.cidr]))
    here, there = world.spec("here"), world.spec("there", network_id=other)
    await world.running(here)
    address = (await world.running(there)).address
    for target in (address, "there"):
        url = f"http://{target}:8080/"
        result = await world.containers.execute(here.resource_id, ["get", "-t", "1", url])
        assert result.exit_code == 1
    # The target itself is healthy.
    assert await shell(world, there.resource_id, f"get http://{address}:8080/")


async def test_a_network_that_was_created_again_is_joined_again(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    await world.containers.stop(spec.resource_id)
    await remove_by_hand(world, spec.network_id)
    await world.networks.ensure(world.network_id, ACCOUNT, world.cidr)
    assert (await world.running(spec)).address is not None


async def remove_by_hand(world: Infrastructure, network_id: str) -> None:
    assert isinstance(world.containers, DockerContainers)
    name = world.containers.engine.name(network_id)
    await world.containers.engine.run("remove by hand", lambda api: api.remove_network(name))


async def test_files_of_a_volume_outlive_the_instance(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, None)
    first, second = (world.spec(word, mounts=(Mount(volume_id, "/data"),)) for word in ("first", "second"))
    await world.running(first)
    await shell(world, first.resource_id, "echo kept > /data/file")
    await world.containers.remove(first.resource_id)
    await world.running(second)
    assert await shell(world, second.resource_id, "cat /data/file") == "kept\n"


async def test_a_foreign_container_of_the_same_name_is_left_alone(
    world: Infrastructure, api: APIClient, cloud_name: str
) -> None:
    spec = world.spec()
    name = f"{cloud_name}-{spec.resource_id}"
    foreign: dict[str, Any] = api.create_container(spec.image, name=name)
    try:
        assert await world.containers.inspect(spec.resource_id) is None
        await world.containers.remove(spec.resource_id)
        with pytest.raises(Refused, match="in use"):
            await world.containers.ensure(spec)
        assert api.inspect_container(name)["Id"] == foreign["Id"]
    finally:
        api.remove_container(foreign["Id"])


async def test_one_cloud_does_not_see_another(world: Infrastructure, engine: str, tmp_path: Path) -> None:
    await world.containers.ensure(world.spec())
    other = docker_ports(engine, "mawtest-other", tmp_path)
    assert await other.containers.found() == await other.networks.found() == []
    await other.close()


# docker-py forgets to close the socket that it could not connect.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
async def test_an_engine_that_is_away_is_told(tmp_path: Path) -> None:
    ports = docker_ports(f"unix://{tmp_path}/nosuch.sock", "mawtest-away", tmp_path)
    calls = (
        ports.containers.inspect("i-a"),
        ports.containers.execute("i-a", ["ls"]),
        ports.networks.found(),
        ports.images.is_available("hello"),
        anext(ports.watch.watch(None)),
        anext(ports.containers.logs("i-a")),
    )
    for call in calls:
        with pytest.raises(Unreachable, match=r"^cannot .*Docker engine does not answer"):
            await call
    await ports.close()
    gc.collect()  # what docker-py forgot belongs to this test


async def test_images_are_known(world: Infrastructure) -> None:
    assert await world.images.is_available(world.spec().image)
    assert not await world.images.is_available("nosuch.invalid/nosuch:1")


async def test_no_secret_is_in_an_error(world: Infrastructure) -> None:
    spec = world.spec(command=("nosuchprogram",), environment={"TOKEN": "canary"})
    await world.containers.ensure(spec)
    assert "canary" not in repr(spec)
    with pytest.raises(PortError) as caught:
        await world.containers.start(spec.resource_id)
    assert not re.search("canary", repr(caught.value) + repr(caught.value.__cause__))
    await world.containers.ensure(replace(spec, generation=2, environment={}))


async def test_names_of_a_specification_lead_to_its_address(world: Infrastructure) -> None:
    address = world.cidr.removesuffix("0/24") + "81"
    spec = world.spec("named", address=address, aliases=("named.shop.internal",))
    await world.running(spec)
    await world.running(world.spec("client"))
    for name in ("named", spec.resource_id, "named.shop.internal"):
        argv = ["get", f"http://{name}:8080/"]
        result = await world.containers.execute(world.id("i", "client"), argv)
        assert result.exit_code == 0, result
