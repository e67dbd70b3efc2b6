"""Files that are copied into a container before it starts: complete, and not in its configuration."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import APIClient

from adapters.docker import DockerContainers
from domain.ports import ContainerSpec, File
from tests.adapters.dying import DyingEngine, Killed
from tests.adapters.world import Infrastructure, real_world

FILES = {"/etc/app/password": File(b"canary-7", uid=99), "/etc/app/config": File(b"port 80\n", mode=0o644)}


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


async def shell(world: Infrastructure, resource_id: str, script: str) -> str:
    result = await world.containers.execute(resource_id, ["sh", "-c", script])
    assert result.exit_code == 0, result
    return result.stdout.decode()


async def assert_files(world: Infrastructure, spec: ContainerSpec) -> None:
    await world.containers.start(spec.resource_id)
    script = "cat /etc/app/password /etc/app/config; stat -c %u:%a /etc/app/password /etc/app/config"
    assert await shell(world, spec.resource_id, script) == "canary-7port 80\n99:400\n0:644\n"


async def test_files_are_there_when_it_starts_and_no_list_shows_them(
    world: Infrastructure, engine: str, cloud_name: str
) -> None:
    spec = world.spec(files=FILES)
    await world.containers.ensure(spec)
    await assert_files(world, spec)
    api = APIClient(engine, version="auto")
    shown = json.dumps(api.inspect_container(f"{cloud_name}-{spec.resource_id}"))
    api.close()
    assert "canary-7" not in shown + repr(spec)


@pytest.mark.parametrize("after", [False, True])
async def test_whenever_it_is_cut_off_it_never_starts_without_them(
    world: Infrastructure, engine: str, cloud_name: str, *, after: bool
) -> None:
    nth, is_cut = 0, True
    while is_cut:
        nth += 1
        spec = world.spec(resource_id=world.id("i", f"web-{nth}"), files=FILES)
        dying = DyingEngine(engine, cloud_name, nth, after=after)
        try:
            await DockerContainers(dying).ensure(spec)
            is_cut = False
        except Killed:
            await world.containers.ensure(spec)
        await dying.close()
        await assert_files(world, spec)
        await world.containers.remove(spec.resource_id)
        assert await world.containers.found() == []
    assert nth > len(("create", "put", "rename"))


async def test_files_it_wrote_go_with_the_generation_unless_it_keeps_them(world: Infrastructure) -> None:
    spec = world.spec(keeps_files=False)
    await world.running(spec)
    await shell(world, spec.resource_id, "echo scratch > /root-file")
    await world.running(replace(spec, generation=2))
    assert await shell(world, spec.resource_id, "ls /root-file 2>/dev/null || echo none") == "none\n"
