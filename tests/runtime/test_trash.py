"""Resources in the trash are purged when they were kept long enough, and when the engine's disk has too little room."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import Unreachable
from domain.volume import Volume
from miniaws.commands import volume as volumes
from miniaws.runtime.trash import EmptyTrash
from tests.process_managers.stage import REQUEST, MovedClock, Stage, open_stage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GIB = 1 << 30


class Kept(Stage):
    clock: MovedClock

    async def trashed(self, name: str) -> Volume:
        volume = await self.settle(await self.volume(name))
        await volumes.delete(self.cloud, REQUEST, name)
        return await self.settle(volume)

    async def empty(self) -> None:
        await self.project()
        await EmptyTrash(self.cloud).purge()
        await self.project()

    async def status(self, volume: Volume) -> str:
        return (await self.load(Volume, volume.id)).status


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Kept]:
    async with open_stage(prepared_url, tmp_path, trash_hours=72, trash_min_free_gb=5) as opened:
        kept = Kept(opened.cloud, opened.engine, opened.world, opened.database_url)
        kept.clock = kept.stop_clock(NOON)
        yield kept


async def test_what_was_kept_long_enough_is_purged_and_nothing_else(stage: Kept) -> None:
    old = await stage.trashed("old")
    stage.clock.at += timedelta(hours=1)
    new = await stage.trashed("new")
    stage.clock.at = NOON + timedelta(hours=72) - timedelta(seconds=1)
    await stage.empty()
    assert (await stage.status(old), await stage.status(new)) == ("trashed", "trashed")
    stage.clock.at += timedelta(seconds=1)
    for _ in range(2):
        await stage.empty()
    assert (await stage.status(old), await stage.status(new)) == ("purging", "trashed")
    assert (await stage.last(old, "purge_requested"))["reason"] == "it was kept long enough"
    assert (await stage.settle(old)).status == "deleted"


async def test_with_too_little_room_the_oldest_goes_first_one_at_a_time(stage: Kept) -> None:
    old, new = await stage.trashed("old"), await stage.trashed("new")
    stage.engine.free_bytes = 5 * GIB
    await stage.empty()
    assert await stage.status(old) == "trashed"
    stage.engine.free_bytes = 5 * GIB - 1
    for _ in range(2):
        await stage.empty()
    assert (await stage.status(old), await stage.status(new)) == ("purging", "trashed")
    assert "too little room" in (await stage.last(old, "purge_requested"))["reason"]
    await stage.settle(old)
    await stage.empty()
    assert await stage.status(new) == "purging"


async def test_an_engine_that_does_not_tell_its_room_purges_nothing(stage: Kept) -> None:
    old = await stage.trashed("old")
    stage.engine.free_bytes = None
    await stage.empty()
    stage.engine.fail("volumes.free_bytes", Unreachable("away"))
    await stage.empty()
    assert await stage.status(old) == "trashed"
