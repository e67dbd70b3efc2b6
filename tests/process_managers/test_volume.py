"""Volumes and their files."""

from domain.errors import Refused
from domain.volume import Volume
from miniaws.commands.instance import Mount
from tests.process_managers.stage import REQUEST, Stage


async def test_a_volume_is_made_and_says_so_once(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume(size_gb=2))
    assert stage.engine.volumes[volume.public_id].size_gb == 2
    assert await stage.told(volume) == ["create_requested", "became_available"]


async def test_a_volume_that_vanished_is_not_replaced_by_an_empty_one(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    stage.engine.vanish(volume.public_id)
    for _ in range(3):
        found = await stage.refused(volume)
        assert found.status == "error"
        assert "the volume is gone" in (found.status_reason or "")
    assert stage.engine.volumes == {}
    assert await stage.told(volume) == ["create_requested", "became_available", "failed"]


async def test_a_volume_that_is_back_heals(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    kept = stage.engine.volumes[volume.public_id]
    stage.engine.vanish(volume.public_id)
    await stage.refused(volume)
    stage.engine.volumes[volume.public_id] = kept
    assert (await stage.settle(volume)).status == "available"


async def test_a_volume_whose_creation_failed_is_made_when_the_cause_is_gone(stage: Stage) -> None:
    volume = await stage.volume(size_gb=1)
    stage.engine.limits_size = False
    found = await stage.refused(volume)
    assert "cannot limit" in (found.status_reason or "")
    stage.engine.limits_size = True
    assert (await stage.settle(volume)).status == "available"
    assert await stage.told(volume) == ["create_requested", "failed", "became_available"]


async def test_a_deleted_volume_is_gone(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    volume = await stage.ask(volume, Volume.delete)
    assert stage.engine.volumes == {}
    happened = ["create_requested", "became_available", "delete_requested", "deleted"]
    assert await stage.told(volume) == happened


async def test_a_volume_that_vanished_can_be_deleted(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    stage.engine.vanish(volume.public_id)
    assert (await stage.ask(volume, Volume.delete)).status == "deleted"


async def test_a_volume_waits_for_the_container_that_mounts_it(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    instance = await stage.running(volumes=[Mount(volume=volume.name, path="/data")])
    left = stage.container(instance)
    await stage.ask(instance, lambda i: i.terminate())
    stage.engine.containers["i-left"] = left
    await stage.cloud.change(REQUEST, Volume, volume.public_id, Volume.delete)
    assert await stage.pass_(volume) == "waits for a container to let go of it"
    del stage.engine.containers["i-left"]
    assert (await stage.settle(volume)).status == "deleted"


async def test_a_deletion_that_the_engine_refuses_is_told_and_heals(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    stage.engine.fail("volumes.remove", Refused("cannot unmount it"), 2)
    await stage.cloud.change(REQUEST, Volume, volume.public_id, Volume.delete)
    for _ in range(2):
        assert (await stage.refused(volume)).status_reason == "cannot unmount it"
    assert (await stage.settle(volume)).status == "deleted"
    assert (await stage.told(volume)).count("failed") == 1
