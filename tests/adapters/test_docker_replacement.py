"""A newer generation of a container keeps the files of the older one, wherever the replacement is interrupted."""

import json
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import APIClient

from adapters.docker import DockerContainers, DockerEngine
from domain.errors import Refused
from domain.ports import ContainerSpec, Mount
from tests.adapters.dying import CHANGES, DyingEngine, Killed
from tests.adapters.world import ACCOUNT, IMAGE, Infrastructure, real_world
from tests.samples import TORTURE


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    client = APIClient(engine, version="auto")
    yield client
    client.close()


@pytest.fixture
def image(api: APIClient, cloud_name: str, tmp_path: Path) -> Generator[str]:
    """An image that declares a volume, a variable, and has a file in the volume."""
    recipe = f"FROM {IMAGE}\nRUN mkdir /store && echo first > /store/image\nENV COLOUR=red\nVOLUME /store\n"
    (tmp_path / "Dockerfile").write_text(recipe)
    tag = f"{cloud_name}:store"
    for line in api.build(path=str(tmp_path), tag=tag, rm=True, decode=True):
        assert "error" not in line, line
    yield tag
    api.remove_image(tag, force=True)


async def shell(world: Infrastructure, resource_id: str, script: str) -> str:
    result = await world.containers.execute(resource_id, ["sh", "-c", script])
    assert result.exit_code == 0, result
    return result.stdout.decode()


async def write(world: Infrastructure, spec: ContainerSpec) -> None:
    await world.running(spec)
    await shell(world, spec.resource_id, "echo kept > /root-file; echo kept > /store/file")


async def assert_kept(world: Infrastructure, resource_id: str) -> None:
    found = await shell(world, resource_id, "cat /root-file /store/file /store/image")
    assert found == "kept\nkept\nfirst\n"


def anonymous_volumes(api: APIClient, cloud_name: str) -> list[str]:
    """The volumes that the engine created for the containers of a cloud."""
    found = api.containers(all=True, filters={"label": f"miniaws.cloud={cloud_name}"})
    return [mount["Name"] for each in found for mount in each["Mounts"] if mount["Type"] == "volume"]


async def test_files_are_kept_for_generations(
    world: Infrastructure, image: str, api: APIClient, cloud_name: str
) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    for generation in (2, 3, 7):
        await world.running(replace(spec, generation=generation))
        await assert_kept(world, spec.resource_id)
    [volume] = anonymous_volumes(api, cloud_name)
    await world.containers.remove(spec.resource_id)
    assert volume not in {each["Name"] for each in api.volumes()["Volumes"]}


async def test_many_generations_stay_shallow(
    world: Infrastructure, image: str, api: APIClient, engine: str, cloud_name: str
) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    own = DockerEngine(engine, cloud_name)
    containers = DockerContainers(own, deepest=6)
    for generation in range(2, 10):
        await containers.ensure(replace(spec, generation=generation))
        await containers.start(spec.resource_id)
        await shell(world, spec.resource_id, f"echo {generation} > /generation")
    assert len(api.images(filters=own.only())) < 6
    await assert_kept(world, spec.resource_id)
    assert "/hello" in await shell(world, spec.resource_id, "cat /proc/1/cmdline")
    assert "COLOUR=red" in await shell(world, spec.resource_id, "env")
    await own.close()


async def test_what_cannot_be_made_leaves_the_old_one_running(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    with pytest.raises(Refused, match="CPUs"):
        await world.containers.ensure(replace(spec, generation=2, cpus=4000))
    seen = await world.containers.inspect(spec.resource_id)
    assert seen is not None
    assert (seen.state, seen.generation) == ("running", 1)


async def test_files_outlive_a_removal_by_hand(world: Infrastructure, image: str) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    await world.running(replace(spec, generation=2))
    await world.accidents.vanish(spec.resource_id)
    await world.running(replace(spec, generation=2))
    await assert_kept(world, spec.resource_id)


async def test_what_is_left_of_a_container_is_found(world: Infrastructure, image: str) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    await world.accidents.vanish(spec.resource_id)
    assert [found.resource_id for found in await world.containers.found()] == [spec.resource_id]
    await world.containers.remove(spec.resource_id)
    assert await world.containers.found() == []


async def test_settings_follow_the_specification(world: Infrastructure, image: str, api: APIClient) -> None:
    first = world.spec(
        image=image,
        command=("sh", "-c", "exec /hello"),
        environment={"TOKEN": "canary", "COLOUR": "blue", "A": "1"},
    )
    await world.running(first)
    await world.running(replace(first, generation=2, command=(), environment={"A": "2"}))
    variables = (await shell(world, first.resource_id, "env")).splitlines()
    assert {"A=2", "COLOUR=red"} <= set(variables)
    assert not [variable for variable in variables if variable.startswith("TOKEN")]
    assert "/hello" in await shell(world, first.resource_id, "cat /proc/1/cmdline")
    for kept in api.images(filters={"label": [f"miniaws.id={first.resource_id}"]}):
        assert "canary" not in json.dumps(api.inspect_image(kept["Id"])["Config"])


async def test_a_mount_comes_and_goes(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, None)
    spec = world.spec()
    await world.running(spec)
    await world.running(replace(spec, generation=2, mounts=(Mount(volume_id, "/data"),)))
    await shell(world, spec.resource_id, "echo kept > /data/file")
    await world.running(replace(spec, generation=3))
    assert await shell(world, spec.resource_id, "ls -A /data") == ""
    await world.running(replace(spec, generation=4, mounts=(Mount(volume_id, "/data"),)))
    assert await shell(world, spec.resource_id, "cat /data/file") == "kept\n"


async def test_another_image_keeps_the_volumes_only(world: Infrastructure, image: str) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    await world.running(replace(spec, generation=2))
    await world.running(replace(spec, generation=3, image=IMAGE))
    assert await shell(world, spec.resource_id, "ls /root-file 2>&1 || true") != "/root-file\n"
    await world.running(replace(spec, generation=4, image=image))
    assert await shell(world, spec.resource_id, "cat /store/file; ls /root-file 2>&1 || true") != (
        "kept\n/root-file\n"
    )


@pytest.mark.parametrize("deepest", [3, 100])
# What is left after a change is also what is left before the next one: `make torture` looks at both.
@pytest.mark.parametrize("after", [False, True] if TORTURE else [False])
async def test_whenever_it_is_cut_off_a_repetition_completes_it(
    world: Infrastructure, image: str, engine: str, cloud_name: str, deepest: int, *, after: bool
) -> None:
    spec = world.spec(image=image)
    await write(world, spec)
    generation, nth, is_cut = 1, 0, True
    while is_cut:
        generation, nth = generation + 1, nth + 1
        newer = replace(spec, generation=generation)
        dying = DyingEngine(engine, cloud_name, nth, after=after)
        try:
            await DockerContainers(dying, deepest=deepest).ensure(newer)
            is_cut = False
        except Killed:
            assert [found.resource_id for found in await world.containers.found()] == [spec.resource_id]
            # Whatever there is can also be started as it is.
            if nth % 2:
                await world.containers.start(spec.resource_id)
                await assert_kept(world, spec.resource_id)
        await dying.close()
        assert (await world.containers.ensure(newer)).generation == generation
        await world.containers.start(spec.resource_id)
        await assert_kept(world, spec.resource_id)
    assert nth >= len(set(CHANGES) - {"put_archive"})


async def test_files_are_kept_without_a_container(world: Infrastructure, image: str) -> None:
    spec = world.spec(image=image, environment={"TOKEN": "t"})
    await write(world, spec)
    await world.containers.stop(spec.resource_id)
    await world.containers.keep_files(replace(spec, generation=2))
    assert await world.containers.inspect(spec.resource_id) is None
    assert [found.resource_id for found in await world.containers.found()] != []
    await world.running(replace(spec, generation=2, name="renamed"))
    await assert_kept(world, spec.resource_id)
    assert await shell(world, spec.resource_id, "hostname; echo $TOKEN") == "renamed\nt\n"
    await world.containers.remove(spec.resource_id)
    assert await world.containers.found() == []
