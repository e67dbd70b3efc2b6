"""The log of a database: its receiver, and what is reported when it does not reach the archive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.archive import ArchiveContents, Mark
from domain.errors import Unreachable
from tests.process_managers.stage import Stage
from tests.process_managers.test_archive import Databases


@pytest.fixture
async def on(stage: Stage) -> Databases:
    return Databases(stage)


async def test_what_does_not_come_to_the_archive_is_told_and_heals(on: Databases) -> None:
    database = await on.create()
    archive = await on.backed_up(database)
    on.hold(archive, age_s=300)
    await on.stage.pass_(archive)
    archive = await on.archive_of(database)
    assert archive.status == "error"
    assert "is not in the archive yet" in (archive.status_reason or "")
    on.hold(archive)
    await on.stage.pass_(archive)
    assert (await on.archive_of(database)).status == "available"


async def test_that_commits_wait_for_the_archive_is_told(on: Databases) -> None:
    archive = await on.backed_up(await on.create(synchronous=True))
    on.hold(archive, age_s=300)
    await on.stage.pass_(archive)
    assert (await on.stage.last(archive, "backup_missed"))["reason"].endswith(", and commits wait for it")


async def test_an_archive_without_room_says_so_before_anything_is_late(on: Databases) -> None:
    database = await on.create()
    archive = await on.backed_up(database)
    on.hold(archive)
    held = on.archives.holds[archive.public_id]
    on.archives.holds[archive.public_id] = replace(held, room_bytes=20 << 20)
    for _ in range(2):
        await on.stage.pass_(archive)
    found = await on.archive_of(database)
    assert (found.status, found.status_reason) == (
        "error",
        "its disk is full: 20 MB are left; make room there",
    )
    assert (await on.stage.told(archive)).count("backup_missed") == 1
    on.hold(archive)
    await on.stage.pass_(archive)
    assert (await on.archive_of(database)).status == "available"


async def test_what_follows_the_log_by_other_scripts_is_replaced(on: Databases) -> None:
    archive = await on.backed_up(await on.create())
    part = f"{archive.public_id}.log"
    present = on.engine.containers[part]
    present.spec = replace(present.spec, command=("follow", "as an earlier version did"))
    await on.stage.pass_(archive)
    found = on.engine.containers[part]
    assert (found.spec.command, found.state) == (("follow", archive.database_id), "running")
    await on.stage.pass_(archive)
    assert on.engine.containers[part] is found is not present


async def test_a_gap_in_the_log_is_told_and_ends_with_another_backup(on: Databases) -> None:
    database = await on.create()
    archive = await on.backed_up(database)
    clock = on.stage.stop_clock(datetime.now(UTC) + timedelta(minutes=5))
    # File 2 is missing: what the newest backup leads to ends before it.
    on.archives.holds[archive.public_id] = ArchiveContents({1: 100, 3: 100}, [Mark(clock.at, 3)])
    await on.stage.pass_(archive)
    told = await on.stage.told(archive)
    assert told[-2:] == ["backup_missed", "backup_requested"]
    assert "the log has a gap after" in (await on.stage.last(archive, "backup_missed"))["reason"]
    clock.at = datetime.now(UTC)
    on.hold(archive)
    for _ in range(3):
        await on.pass_all(database)
    archive = await on.archive_of(database)
    assert (archive.status, [each.id for each in archive.backups]) == ("available", ["b1", "b2"])


async def test_what_is_not_kept_goes_however_often_that_is_cut_off(on: Databases) -> None:
    database = await on.create()
    archive = await on.backed_up(database)
    on.hold(archive)
    held = on.archives.holds[archive.public_id]
    # A backup that was cut off, and log that is older than the oldest one.
    on.archives.holds[archive.public_id] = replace(
        held, files={0: 100, **held.files}, backups=frozenset({"b0", "b1"})
    )
    on.engine.fail("archives.prune", Unreachable("it was cut off"))
    await on.stage.refused(archive)
    await on.stage.pass_(archive)
    found = on.archives.holds[archive.public_id]
    assert (found.backups, set(found.files)) == (frozenset({"b1"}), {1})
