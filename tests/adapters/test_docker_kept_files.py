"""Images that preserve the files of replaced containers are removed with their resource, and with the cloud."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import APIClient

from adapters.docker import engine_sweep
from domain.ports import Found
from tests.adapters.world import Infrastructure, real_world


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    client = APIClient(engine, version="auto")
    yield client
    client.close()


async def replaced(world: Infrastructure, word: str, times: int) -> str:
    """Return the id of a container after a number of generations, each of which wrote a file."""
    spec = world.spec(word)
    for generation in range(1, times + 2):
        await world.running(replace(spec, generation=generation))
        await world.containers.execute(spec.resource_id, ["sh", "-c", f"echo kept > /file-{generation}"])
    return spec.resource_id


async def test_a_cloud_that_is_removed_leaves_no_image(
    world: Infrastructure, api: APIClient, engine: str, cloud_name: str
) -> None:
    for word, times in (("once", 1), ("often", 4)):
        await replaced(world, word, times)
    found = engine_sweep.find(engine, cloud_name)
    assert len(found.images) >= 2
    assert f"{len(found.images)} images" in str(found)
    assert str(engine_sweep.sweep(engine, cloud_name)) == str(found)
    assert engine_sweep.find(engine, cloud_name).is_empty
    assert api.images(filters={"label": f"miniaws.cloud={cloud_name}"}, all=True) == []


async def test_a_cloud_of_which_only_images_are_left_is_known(
    world: Infrastructure, api: APIClient, engine: str, cloud_name: str
) -> None:
    resource_id = await replaced(world, "web", 2)
    api.remove_container(f"{cloud_name}-{resource_id}", force=True)
    await world.networks.remove(world.network_id)
    assert cloud_name in engine_sweep.clouds(engine)
    assert not engine_sweep.find(engine, cloud_name).is_empty
    engine_sweep.sweep(engine, cloud_name)
    assert cloud_name not in engine_sweep.clouds(engine)


async def test_kept_files_without_a_container_are_found_and_removed(
    world: Infrastructure, api: APIClient, engine: str, cloud_name: str
) -> None:
    resource_id = await replaced(world, "web", 2)
    api.remove_container(f"{cloud_name}-{resource_id}", force=True)
    [found] = await world.containers.found()
    assert (found.kind, found.resource_id) == ("instance", resource_id)
    assert isinstance(found, Found)
    await world.containers.remove(resource_id)
    assert await world.containers.found() == []
    assert engine_sweep.find(engine, cloud_name).images == ()
