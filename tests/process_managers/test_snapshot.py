"""Snapshots and their stored copies."""

import asyncio
from typing import Any

import pytest

from adapters.memory import MemoryCopies
from domain.errors import Conflict, NotFound, Refused, Unreachable
from domain.instance import Instance
from domain.snapshot import Snapshot
from domain.volume import Volume
from miniaws.commands import snapshot as snapshots
from miniaws.commands import volume as volumes
from miniaws.commands.instance import Mount
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_archive import Databases

LIFE = ["create_requested", "taken", "verified"]


def copies(stage: Stage) -> MemoryCopies:
    assert isinstance(stage.world.copies, MemoryCopies)
    return stage.world.copies


async def data(stage: Stage, name: str = "data", **files: bytes) -> Volume:
    volume = await stage.settle(await stage.volume(name))
    stage.engine.volumes[volume.public_id].files.update(files)
    return volume


async def ask(stage: Stage, name: str = "before", volume: str | None = "data", **more: Any) -> Snapshot:
    saved = await snapshots.create(
        stage.cloud, REQUEST, snapshots.CreateSnapshot(name=name, volume=volume, **more)
    )
    return await stage.load(Snapshot, saved.aggregate.id)


async def restore(stage: Stage, name: str, snapshot: str = "before", **more: Any) -> Volume:
    saved = await snapshots.restore(
        stage.cloud, REQUEST, snapshot, snapshots.RestoreSnapshot(name=name, **more)
    )
    return await stage.load(Volume, saved.aggregate.id)


async def writer(stage: Stage, *names: str) -> Instance:
    return await stage.running(volumes=[Mount(volume=name, path=f"/{name}") for name in names])


async def test_a_snapshot_is_taken_read_back_and_restored(stage: Stage) -> None:
    await data(stage, a=b"1")
    snapshot = await stage.settle(await ask(stage))
    assert await stage.told(snapshot) == LIFE
    assert copies(stage).tasks == {}
    volume = await stage.settle(await restore(stage, "new"))
    assert stage.engine.volumes[volume.public_id].files == {"a": b"1"}
    assert volume.status == "available"


async def test_a_snapshot_outlives_its_volume(stage: Stage) -> None:
    volume = await data(stage, a=b"1")
    await stage.settle(await ask(stage))
    await stage.ask(volume, Volume.delete)
    restored = await stage.settle(await restore(stage, "new"))
    assert stage.engine.volumes[restored.public_id].files == {"a": b"1"}


async def test_who_writes_is_paused_for_the_moment_and_its_manager_lets_it_be(stage: Stage) -> None:
    await data(stage, a=b"1")
    instance = await writer(stage, "data")
    snapshot = await ask(stage)
    held: list[str] = []
    proceed = copies(stage).proceed

    async def look_meanwhile(repository_id: str, owner_id: str) -> Any:
        held.extend([stage.container(instance).state, await stage.pass_(instance)])
        return await proceed(repository_id, owner_id)

    copies(stage).proceed = look_meanwhile
    await stage.settle(snapshot)
    assert held == ["paused", "waits for the snapshot it is paused for"]
    assert stage.container(instance).state == "running"
    await stage.settle(instance)
    assert "failed" not in await stage.told(instance)
    taken = await stage.last(snapshot, "taken")
    assert taken["paused"] == [instance.public_id]
    assert taken["log_position"] > 0


@pytest.mark.parametrize("call", ["pause", "proceed", "users"])
async def test_whatever_fails_during_the_pause_ends_it(stage: Stage, call: str) -> None:
    await data(stage)
    instance = await writer(stage, "data")
    snapshot = await ask(stage)
    copies(stage).is_slow = True
    await stage.pass_(snapshot)
    copies(stage).is_slow = False
    copies(stage).finish(snapshot.repository_id)
    stage.engine.fail(f"copies.{call}", Unreachable("the engine went away"))
    await stage.refused(snapshot)
    assert stage.container(instance).state == "running"
    assert (await stage.settle(snapshot)).status == "available"
    assert await stage.told(snapshot) == ["create_requested", "failed", "taken", "verified"]


async def test_a_pause_that_takes_too_long_is_ended(stage: Stage) -> None:
    await data(stage)
    instance = await writer(stage, "data")
    snapshot = await ask(stage)

    async def never(repository_id: str, owner_id: str) -> Any:
        del repository_id, owner_id
        await asyncio.Event().wait()

    copies(stage).proceed = never
    stage.cloud.settings = stage.cloud.settings.model_copy(update={"snapshot_pause_s": 0.2})
    assert "within 0.2 s" in ((await stage.refused(snapshot)).status_reason or "")
    assert stage.container(instance).state == "running"


async def test_a_controller_that_died_during_the_pause_leaves_nobody_paused(stage: Stage) -> None:
    await data(stage)
    instance = await writer(stage, "data")
    snapshot = await ask(stage)
    copies(stage).is_slow = True
    await stage.pass_(snapshot)
    copies(stage).finish(snapshot.repository_id)
    # What the controller did before it was killed; nobody has let anything go.
    await copies(stage).pause(snapshot.volume_ids)
    await copies(stage).proceed(snapshot.repository_id, snapshot.public_id)
    stage.restart_controller()
    copies(stage).is_slow = False
    assert await stage.pass_(instance) == "waits for the snapshot it is paused for"
    settled = await stage.settle(snapshot)
    assert stage.container(instance).state == "running"
    assert settled.status == "available"
    assert await stage.told(snapshot) == LIFE
    assert "failed" not in await stage.told(instance)


async def test_a_copy_during_which_somebody_began_to_write_is_taken_again(stage: Stage) -> None:
    await data(stage, a=b"1")
    instance = await writer(stage, "data")
    await stage.ask(instance, lambda i: i.stop())
    snapshot = await ask(stage)
    copies(stage).is_slow = True
    await stage.pass_(snapshot)
    await stage.ask(instance, lambda i: i.start())
    copies(stage).is_slow = False
    copies(stage).finish(snapshot.repository_id)
    await stage.settle(snapshot)
    assert (await stage.last(snapshot, "taken"))["paused"] == [instance.public_id]


async def test_all_volumes_are_copied_at_one_moment(stage: Stage) -> None:
    first, second = await data(stage, "a", f=b"1"), await data(stage, "b", f=b"2")
    lost = await data(stage, "lost")
    stage.engine.vanish(lost.public_id)
    await stage.refused(lost)
    await writer(stage, "a", "b")
    snapshot = await stage.settle(await ask(stage, volume=None, all=True))
    assert snapshot.volume_ids == (first.public_id, second.public_id)
    asked = await stage.last(snapshot, "create_requested")
    assert [each["name"] for each in asked["skipped"]] == ["lost"]
    restored = await stage.settle(await restore(stage, "new", volume="b"))
    assert stage.engine.volumes[restored.public_id].files == {"f": b"2"}


async def test_all_says_to_which_moment_each_database_goes_back(stage: Stage) -> None:
    await data(stage)
    databases = Databases(stage)
    orders = await databases.create()
    await databases.create("given-up")
    for _ in range(8):
        await databases.pass_all(orders)
    assert (await databases.now(orders)).was_available
    snapshot = await ask(stage, volume=None, all=True)
    for _ in range(3):
        await stage.pass_(snapshot)
    taken = await stage.last(snapshot, "taken")
    assert taken["restore_points"] == [{"id": orders.public_id, "name": "orders", "to": taken["taken_at"]}]
    # Its volume is among all volumes: it is paused too, and nothing else resumes it.
    assert orders.public_id in taken["paused"]
    alone = await stage.settle(await ask(stage, "alone"))
    assert (await stage.last(alone, "taken"))["restore_points"] == []


async def test_damage_is_found_and_said(stage: Stage) -> None:
    await data(stage)
    snapshot = await stage.settle(await ask(stage))
    copies(stage).repositories[snapshot.repository_id].damaged.add(snapshot.copy_id)
    found = await stage.ask(snapshot, Snapshot.request_verification)
    assert (found.status, found.status_reason) == ("error", "the copy cannot be read")
    with pytest.raises(Conflict, match="it is damaged"):
        await restore(stage, "new")
    copies(stage).repositories[snapshot.repository_id].damaged.clear()
    found = await stage.ask(snapshot, Snapshot.request_verification)
    assert (found.status, found.status_reason) == ("available", None)


async def test_snapshots_share_a_repository_and_the_last_one_takes_it_along(stage: Stage) -> None:
    await data(stage)
    first = await stage.settle(await ask(stage, "first"))
    second = await stage.settle(await ask(stage, "second"))
    assert first.repository_id == second.repository_id
    await stage.ask(first, Snapshot.delete)
    assert list(copies(stage).repositories[second.repository_id].owners) == [second.public_id]
    await stage.ask(second, Snapshot.delete)
    assert copies(stage).repositories == {}
    third = await stage.settle(await ask(stage, "third"))
    assert third.repository_id != first.repository_id
    for each in (first, second):
        assert await stage.cloud.ports.store.secret(each.held_secrets()[0]) is None


async def test_one_waits_for_the_task_of_another(stage: Stage) -> None:
    await data(stage)
    await stage.settle(await ask(stage, "zero"))
    first, second = await ask(stage, "first"), await ask(stage, "second")
    copies(stage).is_slow = True
    await stage.pass_(first)
    assert await stage.pass_(second) == "waits for another task of its repository"
    copies(stage).is_slow = False
    copies(stage).finish(first.repository_id)
    for each in (first, second):
        assert (await stage.settle(each)).status == "available"


async def test_neither_goes_while_it_is_needed(stage: Stage) -> None:
    volume = await data(stage)
    snapshot = await ask(stage)
    with pytest.raises(Conflict, match="cannot delete volume data: a snapshot of it is taken"):
        await volumes.delete(stage.cloud, REQUEST, "data")
    await stage.settle(snapshot)
    restored = await restore(stage, "new")
    with pytest.raises(Conflict, match=r"copies made, from it \(new\)"):
        await snapshots.delete(stage.cloud, REQUEST, "before")
    await stage.settle(restored)
    await volumes.delete(stage.cloud, REQUEST, "data")
    await snapshots.delete(stage.cloud, REQUEST, "before")
    assert (await stage.settle(volume)).status == "deleted"
    assert (await stage.settle(snapshot)).status == "deleted"


async def test_a_volume_given_up_while_it_is_restored_leaves_nothing(stage: Stage) -> None:
    await data(stage)
    snapshot = await stage.settle(await ask(stage))
    copies(stage).is_slow = True
    volume = await restore(stage, "new")
    assert await stage.pass_(volume) == "restores its files"
    assert (await stage.ask(volume, Volume.delete)).status == "deleted"
    assert copies(stage).tasks == {}
    copies(stage).is_slow = False
    assert (await stage.ask(snapshot, Snapshot.delete)).status == "deleted"


async def test_a_restore_that_failed_says_why_and_is_tried_again(stage: Stage) -> None:
    await data(stage, a=b"1")
    snapshot = await stage.settle(await ask(stage))
    damaged = copies(stage).repositories[snapshot.repository_id].damaged
    damaged.add(snapshot.copy_id)
    volume = await stage.refused(await restore(stage, "new"))
    assert "the copy cannot be read" in (volume.status_reason or "")
    damaged.clear()
    volume = await stage.settle(volume)
    assert stage.engine.volumes[volume.public_id].files == {"a": b"1"}


async def test_only_what_is_available_and_ours_is_copied(stage: Stage) -> None:
    await stage.volume()
    with pytest.raises(Conflict, match="it is creating"):
        await ask(stage)
    with pytest.raises(NotFound):
        await ask(stage, volume="nosuch")


async def test_a_volume_that_vanishes_before_it_is_copied_is_told(stage: Stage) -> None:
    volume = await data(stage)
    snapshot = await ask(stage)
    stage.engine.vanish(volume.public_id)
    assert "the volume is gone" in ((await stage.refused(snapshot)).status_reason or "")


async def test_a_failed_task_is_told_once_and_begun_again(stage: Stage) -> None:
    await data(stage)
    snapshot = await ask(stage)
    stage.engine.fail("copies.begin", Refused("cannot begin: no space"), 2)
    for _ in range(2):
        await stage.refused(snapshot)
    await stage.settle(snapshot)
    assert await stage.told(snapshot) == ["create_requested", "failed", "taken", "verified"]
