"""Scheduled snapshots and their retention."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.snapshot import Snapshot
from domain.values import parse_id
from domain.volume import Volume
from miniaws.commands import snapshot as snapshots
from miniaws.commands import volume as volumes
from miniaws.commands.volume import SnapshotSchedule
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_snapshot import ask, copies, data

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Hourly:
    """A volume with hourly snapshots, of which three are retained."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.clock = stage.stop_clock(NOON)
        self.volume: Volume

    async def begin(self, policy: SnapshotSchedule | None = None) -> None:
        self.volume = await data(self.stage, a=b"1")
        wanted = policy or SnapshotSchedule(schedule="0 * * * *", retention_count=3)
        await volumes.change_snapshot_policy(self.stage.cloud, REQUEST, "data", wanted)

    async def pass_hours(self, hours: int = 1) -> None:
        """Advance the clock hour by hour, and reconcile."""
        for _ in range(hours):
            self.clock.at += HOUR
            await self.stage.pass_(self.volume)
            await self.take()

    async def take(self) -> None:
        for snapshot in await self.all():
            if snapshot.status != "deleted":
                await self.stage.settle(snapshot)

    async def all(self) -> list[Snapshot]:
        """Return every scheduled snapshot that was not removed."""
        volume = await self.stage.load(Volume, self.volume.id)
        found = [parse_id(each.snapshot_id) for each in volume.scheduled]
        return [await self.stage.load(Snapshot, parsed[1]) for parsed in found if parsed]

    async def names(self) -> list[str]:
        return [snapshot.name for snapshot in await self.all()]


@pytest.fixture
async def hourly(stage: Stage) -> Hourly:
    return Hourly(stage)


async def test_a_snapshot_is_taken_when_it_is_time_and_can_be_restored(hourly: Hourly) -> None:
    await hourly.begin()
    await hourly.stage.settle(hourly.volume)
    assert await hourly.names() == []
    await hourly.pass_hours()
    (taken,) = await hourly.all()
    assert (taken.name, taken.status, taken.is_verified) == ("data-20261123-130000", "available", True)
    await hourly.stage.settle(hourly.volume)
    assert await hourly.names() == ["data-20261123-130000"]
    wish = snapshots.RestoreSnapshot(name="before")
    await snapshots.restore(hourly.stage.cloud, REQUEST, "data-20261123-130000", wish)


async def test_what_retention_drops_is_deleted_and_what_people_took_is_not(hourly: Hourly) -> None:
    await hourly.begin()
    manual = await hourly.stage.settle(await ask(hourly.stage, "mine"))
    await hourly.pass_hours()
    (first,) = await hourly.all()
    await hourly.pass_hours(3)
    assert await hourly.names() == [f"data-20261123-{hour}0000" for hour in (14, 15, 16)]
    assert (await hourly.stage.settle(first)).status == "deleted"
    assert (await hourly.stage.load(Snapshot, manual.id)).status == "available"
    said = await hourly.stage.last(hourly.volume, "snapshot_dropped")
    assert (said["snapshot_name"], said["reason"]) == (first.name, "its time is up")


async def test_moments_that_nobody_was_there_for_are_told_and_the_newest_is_made_up_for(
    hourly: Hourly,
) -> None:
    await hourly.begin()
    hourly.clock.at += 4 * HOUR
    await hourly.stage.pass_(hourly.volume)
    said = await hourly.stage.last(hourly.volume, "snapshot_missed")
    assert said["count"] == 3
    assert "not there at that time" in said["reason"]
    assert await hourly.names() == ["data-20261123-160000"]


async def test_no_snapshot_is_begun_before_the_last_one_is_taken(hourly: Hourly) -> None:
    await hourly.begin()
    copies(hourly.stage).is_slow = True
    hourly.clock.at += HOUR
    await hourly.stage.pass_(hourly.volume)
    hourly.clock.at += HOUR
    await hourly.stage.pass_(hourly.volume)
    said = await hourly.stage.last(hourly.volume, "snapshot_missed")
    assert said["reason"] == "snapshot data-20261123-130000 is not taken yet"
    copies(hourly.stage).is_slow = False
    await hourly.take()
    await hourly.pass_hours()
    assert await hourly.names() == ["data-20261123-130000", "data-20261123-150000"]


async def test_a_name_that_is_taken_is_told_as_missed(hourly: Hourly) -> None:
    await hourly.begin()
    await hourly.stage.settle(await ask(hourly.stage, "data-20261123-130000"))
    await hourly.pass_hours()
    assert await hourly.names() == []
    said = await hourly.stage.last(hourly.volume, "snapshot_missed")
    assert "cannot use the name `data-20261123-130000`" in said["reason"]


async def test_the_newest_that_can_be_restored_stays(hourly: Hourly) -> None:
    await hourly.begin(SnapshotSchedule(schedule="0 * * * *", retention_days=1, retention_count=1))
    await hourly.pass_hours(2)
    assert len(await hourly.names()) == 2, "the first one goes only when the second one is there"
    await hourly.stage.pass_(hourly.volume)
    assert await hourly.names() == ["data-20261123-140000"]
    await hourly.pass_hours()
    newest = (await hourly.all())[-1]
    cause = REQUEST.cause
    await hourly.stage.cloud.report(Snapshot, newest.id, cause, lambda s: s.report_damaged("a byte is wrong"))
    hourly.clock.at += HOUR / 2
    await hourly.stage.pass_(hourly.volume)
    assert await hourly.names() == ["data-20261123-140000", "data-20261123-150000"]


async def test_one_that_somebody_deleted_makes_room_for_others(hourly: Hourly) -> None:
    await hourly.begin()
    await hourly.pass_hours(3)
    await snapshots.delete(hourly.stage.cloud, REQUEST, "data-20261123-140000")
    await hourly.take()
    await hourly.pass_hours()
    assert await hourly.names() == [f"data-20261123-{hour}0000" for hour in (13, 15, 16)]
    said = await hourly.stage.last(hourly.volume, "snapshot_dropped")
    assert said["reason"] == "somebody deleted it"


async def test_without_a_policy_those_there_are_stay(hourly: Hourly) -> None:
    await hourly.begin()
    await hourly.pass_hours(2)
    await volumes.change_snapshot_policy(hourly.stage.cloud, REQUEST, "data", None)
    await hourly.pass_hours(3)
    assert len(await hourly.names()) == 2


async def test_one_that_is_being_restored_is_dropped_later(hourly: Hourly) -> None:
    await hourly.begin(SnapshotSchedule(schedule="0 * * * *", retention_count=1))
    await hourly.pass_hours()
    wish = snapshots.RestoreSnapshot(name="before")
    saved = await snapshots.restore(hourly.stage.cloud, REQUEST, "data-20261123-130000", wish)
    await hourly.pass_hours()
    await hourly.stage.settle(hourly.volume)
    assert len(await hourly.names()) == 2
    restored = await hourly.stage.load(Volume, saved.aggregate.id)
    assert (await hourly.stage.settle(restored)).status == "available"
    await hourly.stage.pass_(hourly.volume)
    assert await hourly.names() == ["data-20261123-140000"]
