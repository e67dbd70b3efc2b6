"""A volume with a size is a separate file system."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from docker import APIClient

from adapters.docker import DockerVolumes, docker_ports
from adapters.docker.filesystems import Filesystems
from domain.errors import InUse, Refused
from domain.ports import Found, Mount
from tests.adapters.world import ACCOUNT, Infrastructure, real_world


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    client = APIClient(engine, version="auto")
    yield client
    client.close()


async def shell(world: Infrastructure, resource_id: str, script: str) -> tuple[int, str]:
    result = await world.containers.execute(resource_id, ["sh", "-c", script])
    return result.exit_code, (result.stdout + result.stderr).decode()


def loop_devices(directory: Path) -> int:
    listed = subprocess.run(["losetup", "--list"], check=True, capture_output=True, text=True).stdout
    return listed.count(str(directory))


def left(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def unmount(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)


async def test_this_host_can_limit_a_size(world: Infrastructure) -> None:
    assert await world.volumes.can_limit_size()


async def test_a_full_volume_refuses_to_write(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, 1)
    spec = world.spec(memory_mb=128, mounts=(Mount(volume_id, "/data"),))
    await world.running(spec)
    code, said = await shell(world, spec.resource_id, "dd if=/dev/zero of=/data/big bs=1M count=1100")
    assert code != 0
    assert "No space left on device" in said
    # Nothing else is full, and the volume is as large as it should be but for the file system's own needs.
    size = int((await shell(world, spec.resource_id, "wc -c < /data/big"))[1])
    assert 900 * 1024**2 < size < 1024**3
    assert (await shell(world, spec.resource_id, "echo fits > /elsewhere"))[0] == 0


async def test_ensure_twice_gives_one_and_remove_leaves_nothing(
    world: Infrastructure, tmp_path: Path
) -> None:
    volume_id = world.id("vol", "data")
    await asyncio.gather(*(world.volumes.ensure(volume_id, ACCOUNT, 1) for _ in range(4)))
    assert loop_devices(tmp_path) == 1
    assert await world.volumes.found() == [Found("volume", volume_id, 1)]
    await world.volumes.remove(volume_id)
    await world.volumes.remove(volume_id)
    assert not await world.volumes.exists(volume_id)
    assert loop_devices(tmp_path) == 0
    assert left(tmp_path) == []


async def test_a_used_volume_stays(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, 1)
    spec = world.spec(mounts=(Mount(volume_id, "/data"),))
    await world.containers.ensure(spec)
    with pytest.raises(InUse, match=spec.resource_id):
        await world.volumes.remove(volume_id)
    assert await world.volumes.exists(volume_id)


async def test_after_a_restart_of_the_host_nothing_is_written_beside_it(
    world: Infrastructure, tmp_path: Path, cloud_name: str
) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, 1)
    spec = world.spec(mounts=(Mount(volume_id, "/data"),))
    await world.running(spec)
    assert await shell(world, spec.resource_id, "echo kept > /data/file") == (0, "")
    await world.containers.stop(spec.resource_id)
    # A restarted host has mounted nothing.
    unmount(tmp_path / f"{cloud_name}-{volume_id}")
    assert not await world.volumes.exists(volume_id)
    with pytest.raises(Refused, match="cannot start"):
        await world.containers.start(spec.resource_id)
    await world.volumes.ensure(volume_id, ACCOUNT, 1, fresh=False)
    assert await world.volumes.exists(volume_id)
    await world.containers.start(spec.resource_id)
    assert await shell(world, spec.resource_id, "cat /data/file") == (0, "kept\n")


async def test_lost_files_are_not_replaced_by_none(world: Infrastructure, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot find the files of vol-lost"):
        await world.volumes.ensure("vol-lost", ACCOUNT, 1, fresh=False)
    assert left(tmp_path) == []


async def test_a_size_stays(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, 1)
    with pytest.raises(Refused, match="already has another size"):
        await world.volumes.ensure(volume_id, ACCOUNT, 2)
    await world.volumes.ensure(volume_id, ACCOUNT, 1)


async def test_whatever_was_cut_off_is_completed(
    world: Infrastructure, tmp_path: Path, cloud_name: str
) -> None:
    volume_id = world.id("vol", "data")
    name = f"{cloud_name}-{volume_id}"
    # Cut off while the file system was made: the remains are no file system.
    (tmp_path / f"{name}.img.new").write_bytes(b"half")
    (tmp_path / name).mkdir()
    await world.volumes.ensure(volume_id, ACCOUNT, 1)
    # Cut off while it was removed: the engine's volume is gone, the file is still mounted.
    await Filesystems(tmp_path).ensure(name, 1)
    await world.volumes.remove(volume_id)
    await Filesystems(tmp_path).ensure(name, 1)
    await world.volumes.remove(volume_id)
    assert left(tmp_path) == []
    assert loop_devices(tmp_path) == 0


async def test_a_size_needs_an_engine_on_this_host(tmp_path: Path) -> None:
    ports = docker_ports("tcp://engine.invalid:2375", "mawtest-away", tmp_path)
    assert not await ports.volumes.can_limit_size()
    with pytest.raises(Refused, match="cannot limit vol-a to 1 GiB"):
        await ports.volumes.ensure("vol-a", ACCOUNT, 1)
    await ports.close()


APART = """
import asyncio, sys
from pathlib import Path
from adapters.docker import docker_ports

async def main(host, cloud, directory, volume_id):
    ports = docker_ports(host, cloud, Path(directory))
    if await ports.volumes.can_limit_size():
        await ports.volumes.ensure(volume_id, "acc-test", 1)
        print("made")
    await ports.close()

asyncio.run(main(*sys.argv[1:]))
"""


def make_apart(host: str, cloud: str, directory: Path, volume_id: str) -> str:
    """Create a volume, if possible, in a new mount namespace, as in a container; return the output."""
    apart = ["unshare", "--mount", "--propagation", "unchanged", sys.executable, "-c", APART]
    command = [*apart, host, cloud, str(directory), volume_id]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def shared(tmp_path: Path) -> Generator[Path]:
    """A directory whose mounts propagate to other namespaces."""
    place = tmp_path / "shared"
    place.mkdir()
    subprocess.run(["mount", "--bind", place, place], check=True)
    propagate(place, "shared")
    yield place
    unmount(place)


def propagate(place: Path, how: str) -> None:
    subprocess.run(["mount", f"--make-{how}", place], check=True)


async def test_a_size_needs_mounts_that_the_engine_sees(engine: str, cloud_name: str, shared: Path) -> None:
    async with real_world(engine, cloud_name, shared) as world:
        volume_id = world.id("vol", "data")
        propagate(shared, "private")
        assert not make_apart(engine, cloud_name, shared, volume_id), "nobody but it would see the files"
        assert left(shared) == []
        propagate(shared, "shared")
        assert make_apart(engine, cloud_name, shared, volume_id) == "made"
        assert await world.volumes.exists(volume_id)
        spec = world.spec(mounts=(Mount(volume_id, "/data"),))
        await world.running(spec)
        assert await shell(world, spec.resource_id, "echo kept > /data/file") == (0, "")
        assert (shared / f"{cloud_name}-{volume_id}" / "data" / "file").read_text() == "kept\n"


async def test_a_size_cannot_come_afterwards(world: Infrastructure) -> None:
    volume_id = world.id("vol", "data")
    await world.volumes.ensure(volume_id, ACCOUNT, None)
    with pytest.raises(Refused, match="after creation"):
        await world.volumes.ensure(volume_id, ACCOUNT, 1)


async def test_a_foreign_volume_of_the_same_name_is_left_alone(
    world: Infrastructure, api: APIClient, cloud_name: str
) -> None:
    assert isinstance(world.volumes, DockerVolumes)
    name = f"{cloud_name}-vol-foreign"
    api.create_volume(name)
    try:
        with pytest.raises(Refused, match="not ours"):
            await world.volumes.ensure("vol-foreign", ACCOUNT, None)
        await world.volumes.remove("vol-foreign")
        assert api.inspect_volume(name)
    finally:
        api.remove_volume(name)


async def test_a_volume_removed_by_hand_before_the_container_is_made_is_not_made_up(
    api: APIClient, world: Infrastructure
) -> None:
    """The engine would create an empty volume without labels in its place."""
    volume_id = world.id("vol", "lost")
    await world.volumes.ensure(volume_id, ACCOUNT, None)
    spec = world.spec(mounts=(Mount(volume_id, "/data"),))
    await world.containers.ensure(spec)
    name = f"{world.cloud}-{volume_id}"
    # As if it had been removed between the look for it and the creation of the container.
    made = api.inspect_container(f"{world.cloud}-{spec.resource_id}")
    config = {**made["Config"], "HostConfig": made["HostConfig"]}
    api.remove_container(made["Id"])
    api.remove_volume(name)
    api.create_container_from_config(config, f"{world.cloud}-{spec.resource_id}")
    assert api.inspect_volume(name)["Labels"] is None
    with pytest.raises(Refused, match=f"{volume_id} is gone"):
        await world.containers.start(spec.resource_id)
    assert api.volumes(filters={"name": name})["Volumes"] in (None, [])
    assert await world.containers.inspect(spec.resource_id) is None
    with pytest.raises(Refused, match="there is no volume"):
        await world.containers.ensure(spec)
