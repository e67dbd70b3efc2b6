"""Orphans are held and removed; only observed facts about the engine are reported."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InUse, Unreachable
from domain.orphan import EngineObject, ObjectType, Orphan
from domain.store import Cause
from miniaws.application import Request
from miniaws.commands import orphan as commands
from tests.process_managers.stage import REQUEST, MovedClock, Stage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOLD = timedelta(minutes=5)
VOLUME = "vol-aaaaaaaaaaaaaaaaaaaaaaaaaa"
SWEEP = Request(Cause(actor="system:sweep", account_id="main"))


@pytest.fixture
def clock(stage: Stage) -> MovedClock:
    return stage.stop_clock(NOON)


async def found(stage: Stage, thing: ObjectType = "volume", resource_id: str = VOLUME) -> Orphan:
    """Record an orphan; there is also a volume without an owner."""
    await stage.world.volumes.ensure(VOLUME, "main", None)
    orphan = Orphan.find(EngineObject(thing, thing, resource_id, "there is no such resource"), NOON + HOLD)
    await stage.cloud.save(SWEEP, orphan)
    return await stage.load(Orphan, orphan.id)


async def test_an_orphan_is_held_and_then_removed(stage: Stage, clock: MovedClock) -> None:
    orphan = await found(stage)
    held = await stage.managers["orphan"].reconcile(orphan.id)
    assert (held.sentence, held.requeue_after_s) == ("is held", HOLD.total_seconds())
    clock.at += HOLD - timedelta(seconds=1)
    assert await stage.pass_(orphan) == "is held"
    assert VOLUME in stage.engine.volumes
    clock.at += timedelta(seconds=1)
    assert (await stage.settle(orphan)).status == "deleted"
    assert VOLUME not in stage.engine.volumes
    assert await stage.told(orphan) == ["found", "removal_requested", "removed"]
    assert await stage.cloud.ports.store.claims("name/main/orphan") == []


async def test_people_may_have_it_removed_at_once(stage: Stage, clock: MovedClock) -> None:
    orphan = await found(stage)
    await commands.remove(stage.cloud, REQUEST, orphan.name)
    await commands.remove(stage.cloud, REQUEST, orphan.public_id)
    assert (clock.at, (await stage.settle(orphan)).status) == (NOON, "deleted")
    assert await stage.told(orphan) == ["found", "removal_requested", "removed"]


async def test_one_that_was_gone_before_was_not_removed(stage: Stage, clock: MovedClock) -> None:
    orphan = await found(stage)
    stage.engine.volumes.clear()
    clock.at += HOLD
    await stage.settle(orphan)
    assert await stage.told(orphan) == ["found", "vanished"]


async def test_what_a_resource_wants_is_not_removed(stage: Stage, clock: MovedClock) -> None:
    volume = await stage.settle(await stage.volume())
    orphan = await found(stage, resource_id=volume.public_id)
    clock.at += HOLD
    await stage.settle(orphan)
    assert volume.public_id in stage.engine.volumes
    assert await stage.told(orphan) == ["found", "vanished"]
    assert "wants it" in (await stage.last(orphan, "vanished"))["reason"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("volumes.found", []),
        ("volumes.remove", ["removal_requested", "removal_failed"]),
    ],
)
async def test_a_failure_is_told_once_per_reason_and_heals(
    stage: Stage, clock: MovedClock, call: str, told: list[str]
) -> None:
    orphan = await found(stage)
    clock.at += HOLD
    stage.engine.fail(call, Unreachable("cannot reach the engine"), None)
    for _ in range(3):
        await stage.refused(orphan)
    assert await stage.told(orphan) == ["found", *told]
    stage.engine.heal(call)
    assert (await stage.settle(orphan)).status == "deleted"


async def test_one_that_is_in_use_says_of_what(stage: Stage, clock: MovedClock) -> None:
    orphan = await found(stage)
    clock.at += HOLD
    stage.engine.fail("volumes.remove", InUse("cannot remove the volume: web mounts it"))
    failed = await stage.refused(orphan)
    assert (failed.status, failed.status_reason) == ("error", "cannot remove the volume: web mounts it")
    assert (await stage.settle(orphan)).status == "deleted"


async def test_a_controller_killed_after_any_step_begins_anew(stage: Stage, clock: MovedClock) -> None:
    orphan = await found(stage)
    clock.at += HOLD
    await stage.cloud.report(Orphan, orphan.id, SWEEP.cause, Orphan.request_removal)
    await stage.world.volumes.remove(VOLUME)
    stage.restart_controller()
    await stage.settle(orphan)
    assert await stage.told(orphan) == ["found", "removal_requested", "removed"]
