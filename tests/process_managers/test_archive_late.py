"""What is told when the log of a database does not come to its archive."""

from dataclasses import replace

import pytest

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
