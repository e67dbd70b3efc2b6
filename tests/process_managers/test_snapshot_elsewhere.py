"""Copies of snapshots at targets, and their originals."""

from typing import Any

import pytest

from domain.errors import Conflict, Invalid, Refused
from domain.snapshot import Snapshot, SnapshotNotRestorable
from domain.volume import Volume
from miniaws.commands import snapshot as snapshots
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_snapshot import ask, copies, data, restore


async def copy(stage: Stage, to: str = "disk", of: str = "before", **more: Any) -> Snapshot:
    saved = await snapshots.copy(stage.cloud, REQUEST, of, snapshots.CopySnapshot(to=to, **more))
    return await stage.load(Snapshot, saved.aggregate.id)


async def taken(stage: Stage, name: str = "before") -> Snapshot:
    return await stage.settle(await ask(stage, name))


async def test_a_copy_is_made_read_back_and_outlives_all_it_came_from(stage: Stage) -> None:
    volume = await data(stage, a=b"1")
    original = await taken(stage)
    made = await stage.settle(await copy(stage))
    assert (made.name, made.status, made.target) == ("before-disk", "available", "disk")
    assert await stage.told(made) == ["create_requested", "taken", "verified"]
    told = await stage.last(made, "taken")
    assert (told["files"], told["bytes"], told["taken_at"]) == (
        1,
        1,
        (await stage.last(original, "taken"))["taken_at"],
    )
    assert (await stage.told(original))[-2:] == ["copy_requested", "copied"]
    assert (await stage.last(original, "copied"))["added_bytes"] == 1
    await stage.ask(original, Snapshot.delete)
    await stage.ask(volume, Volume.delete)
    assert list(copies(stage).repositories) == [made.repository_id]
    restored = await stage.settle(await restore(stage, "new", "before-disk"))
    assert stage.engine.volumes[restored.public_id].files == {"a": b"1"}
    await stage.ask(made, Snapshot.delete)
    assert copies(stage).repositories == {}


async def test_copies_at_a_target_share_a_repository_that_is_not_the_one_here(stage: Stage) -> None:
    await data(stage)
    first, second = await taken(stage, "first"), await taken(stage, "second")
    near = [await stage.settle(await copy(stage, of=each)) for each in ("first", "second")]
    far = await stage.settle(await copy(stage, "offsite", "first"))
    third = await taken(stage, "third")
    assert near[0].repository_id == near[1].repository_id
    found = [first.repository_id, near[0].repository_id, far.repository_id]
    assert len(set(found)) == 3
    assert second.repository_id == third.repository_id == first.repository_id
    await stage.ask(near[0], Snapshot.delete)
    assert list(copies(stage).repositories[near[1].repository_id].owners) == [near[1].public_id]
    assert (await stage.last(first, "copy_dropped"))["target"] == "disk"


async def test_a_snapshot_has_one_copy_at_a_target(stage: Stage) -> None:
    await data(stage)
    original = await taken(stage)
    made = await stage.settle(await copy(stage, name="kept"))
    with pytest.raises(Conflict, match="its copy kept is there; delete that one first"):
        await copy(stage, name="again")
    assert (await stage.told(original))[-1] == "copied"
    await stage.ask(made, Snapshot.delete)
    assert (await stage.settle(await copy(stage, name="again"))).status == "available"


async def test_what_cannot_be_copied_is_refused(stage: Stage) -> None:
    await data(stage)
    await ask(stage)
    with pytest.raises(SnapshotNotRestorable, match="it is creating"):
        await copy(stage)
    with pytest.raises(Invalid, match="the targets here are disk, offsite"):
        await copy(stage, "nowhere")


async def test_an_original_stays_until_its_copy_is_made(stage: Stage) -> None:
    await data(stage)
    original = await taken(stage)
    copies(stage).is_slow = True
    made = await copy(stage)
    await stage.pass_(made)
    with pytest.raises(Conflict, match=r"copies made, from it \(before-disk\)"):
        await snapshots.delete(stage.cloud, REQUEST, "before")
    other = await ask(stage, "other")
    await stage.cloud.change(REQUEST, Snapshot, "other", Snapshot.delete)
    # Nothing is forgotten in a repository that is read.
    assert await stage.pass_(other) == "waits for another task of its repository"
    copies(stage).is_slow = False
    copies(stage).finish(made.repository_id)
    await stage.settle(made)
    await snapshots.delete(stage.cloud, REQUEST, "before")
    assert (await stage.settle(original)).status == "deleted"


async def test_a_copy_that_failed_is_told_to_both_and_made_again(stage: Stage) -> None:
    await data(stage)
    original = await taken(stage)
    made = await copy(stage)
    stage.engine.fail("copies.begin", Refused("cannot reach the disk"), 2)
    for _ in range(2):
        await stage.refused(made)
    await stage.settle(made)
    assert await stage.told(made) == ["create_requested", "failed", "taken", "verified"]
    assert (await stage.told(original))[-3:] == ["copy_requested", "copy_failed", "copied"]


async def test_a_controller_that_died_between_two_reports_makes_up_for_the_second(stage: Stage) -> None:
    await data(stage)
    original = await taken(stage)
    made = await copy(stage)
    # What the controller did before it was killed.
    await stage.cloud.change(REQUEST, Snapshot, "before", lambda s: s.report_copied(made.public_id, 1, 1))
    stage.restart_controller()
    assert (await stage.settle(made)).status == "available"
    assert (await stage.told(original)).count("copied") == 1


async def test_one_given_up_on_its_way_leaves_nothing(stage: Stage) -> None:
    await data(stage)
    original = await taken(stage)
    copies(stage).is_slow = True
    made = await copy(stage)
    await stage.pass_(made)
    copies(stage).is_slow = False
    assert (await stage.ask(made, Snapshot.delete)).status == "deleted"
    assert list(copies(stage).repositories) == [original.repository_id]
    assert (await stage.told(original))[-1] == "copy_dropped"
    assert (await stage.load(Snapshot, original.id)).copies == {}
