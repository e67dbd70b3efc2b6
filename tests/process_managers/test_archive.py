"""Databases and their archives: every step of their life cycle, with the controller killed between any two."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.memory import MemoryArchives
from domain.archive import Archive, ArchiveContents, Mark, archive_uuid
from domain.database import Database
from domain.errors import Refused, Unreachable
from domain.volume import Volume
from miniaws.commands import archive as archives
from miniaws.commands import database as databases
from tests.process_managers.stage import REQUEST, Stage


class Databases:
    """A stage with databases, whose programs end when they are first inspected."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.engine = stage.engine
        found = stage.world.archives["postgres"]
        assert isinstance(found, MemoryArchives)
        self.archives = found

    async def create(
        self, name: str = "orders", drills: str | None = None, *, synchronous: bool = False, **more: Any
    ) -> Database:
        if not await self.stage.cloud.ports.store.claims("name/main/vpc"):
            await self.stage.settle(await self.stage.vpc())
        backup = databases.Backups(drill_schedule=drills, synchronous=synchronous)
        new = databases.CreateDatabase(name=name, backup=backup, **more)
        saved = await databases.create(self.stage.cloud, REQUEST, new)
        return await self.stage.load(Database, saved.aggregate.id)

    async def archive_of(self, database: Database) -> Archive:
        return await self.stage.load(Archive, archive_uuid(database.public_id))

    async def now(self, database: Database) -> Database:
        return await self.stage.load(Database, database.id)

    async def pass_all(self, *found: Database) -> None:
        """Reconcile every part of a database once; failures are retried."""
        for database in found:
            present = await self.now(database)
            volume = await self.stage.cloud.load(Volume, "main", present.volume_id or "")
            for each in (volume, await self.archive_of(present), present):
                try:
                    await self.stage.pass_(each)
                except (Refused, Unreachable):
                    continue
        self.end_programs()

    def end_programs(self) -> None:
        """Complete the programs that take backups and restore files."""
        for id_, container in list(self.engine.containers.items()):
            if container.state == "running" and container.spec.command[0] in {"base", "restore", "copy"}:
                said = datetime.now(UTC).isoformat()
                self.engine.say(id_, said if container.spec.command[0] == "base" else f"step {said}")
                self.engine.end(id_, 0)

    def hold(self, archive: Archive, *, age_s: float = 0) -> None:
        """Set how many seconds ago the archived log ends."""
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        self.archives.holds[archive.public_id] = ArchiveContents({1: 100}, [Mark(at, 1)])

    async def until(self, is_so: Callable[[], Awaitable[bool]], *found: Database) -> None:
        for _ in range(60):
            if await is_so():
                return
            await self.pass_all(*found)
        raise AssertionError("it does not complete")

    async def backed_up(self, database: Database) -> Archive:
        """Reconcile until its first backup is complete."""

        async def is_so() -> bool:
            archive = await self.archive_of(database)
            self.hold(archive)
            return bool(archive.backups) and (await self.now(database)).status == "available"

        await self.until(is_so, database)
        await self.pass_all(database)
        return await self.archive_of(database)

    def parts(self, of: Any) -> set[str]:
        """Return the containers other than its server."""
        return {id_.partition(".")[2] for id_ in self.engine.containers if id_.startswith(f"{of.public_id}.")}


@pytest.fixture
async def on(stage: Stage) -> Databases:
    return Databases(stage)


async def test_a_database_is_backed_up_as_soon_as_it_can_be_used(on: Databases) -> None:
    database = await on.create()
    archive = await on.backed_up(database)
    assert [each.id for each in archive.backups] == ["b1"]
    assert on.parts(archive) == {"log"}
    told = await on.stage.told(archive)
    assert told == ["create_requested", "became_available", "backup_requested", "backup_completed"]


async def test_a_backup_that_fails_is_told_and_made_again(on: Databases) -> None:
    database = await on.create()
    await on.backed_up(database)
    await archives.back_up(on.stage.cloud, REQUEST, "orders")
    archive = await on.archive_of(database)
    await on.stage.pass_(archive)
    on.engine.say(f"{archive.public_id}.base-b2", "no space is left", "stderr")
    on.engine.end(f"{archive.public_id}.base-b2", 1)
    await on.stage.pass_(archive)
    archive = await on.archive_of(database)
    assert (archive.status, archive.pending) == ("error", None)
    assert "no space is left" in (archive.status_reason or "")
    assert on.parts(archive) == {"log"}


async def test_each_new_backup_is_restored_for_a_trial(on: Databases) -> None:
    database = await on.create(drills="0 5 * * 0")
    archive = await on.backed_up(database)
    for _ in range(3):
        await on.pass_all(database)
    assert on.parts(archive) == {"log"}
    assert (await on.stage.told(archive))[-1] == "drill_passed"
    await archives.back_up(on.stage.cloud, REQUEST, "orders")
    for _ in range(2):
        await on.pass_all(database)
    await on.stage.pass_(archive)
    on.engine.say(f"{archive.public_id}.drill-b2", "a checksum differs", "stderr")
    on.engine.end(f"{archive.public_id}.drill-b2", 1)
    await on.stage.pass_(archive)
    archive = await on.archive_of(database)
    assert [each.is_damaged for each in archive.backups] == [False, True]
    assert archive.status == "error"


async def test_a_database_is_restored_into_another_one(on: Databases) -> None:
    source = await on.create()
    await on.backed_up(source)
    wish = databases.RestoreDatabase(name="orders-before", backup="b1")
    saved = await databases.restore(on.stage.cloud, REQUEST, "orders", wish)
    found = await on.stage.load(Database, saved.aggregate.id)
    assert found.status == "restoring"
    archive = await on.backed_up(found)
    assert archive.id != archive_uuid(source.public_id)
    assert on.parts(found) == set()
    told = await on.stage.told(found)
    assert [each for each in told if "restore" in each] == [
        "restore_requested",
        "restore_advanced",
        "restored",
    ]
    assert (await on.stage.told(source)).count("available") == 0
    claims = await on.stage.cloud.ports.store.claims((await on.archive_of(source)).use_scope)
    assert claims == []


async def test_a_restore_that_fails_is_told_and_begun_anew(on: Databases) -> None:
    source = await on.create()
    await on.backed_up(source)
    saved = await databases.restore(
        on.stage.cloud, REQUEST, "orders", databases.RestoreDatabase(name="again", backup="b1")
    )
    found = await on.stage.load(Database, saved.aggregate.id)

    async def begun() -> bool:
        return on.parts(found) == {"restore"}

    for _ in range(9):
        if await begun():
            break
        volume = await on.stage.cloud.load(Volume, "main", found.volume_id or "")
        await on.stage.pass_(volume)
        await on.stage.pass_(await on.archive_of(found))
        await on.stage.pass_(found)
    on.engine.say(f"{found.public_id}.restore", "a checksum differs", "stderr")
    on.engine.end(f"{found.public_id}.restore", 1)
    with pytest.raises(Refused, match="a checksum differs"):
        await on.stage.pass_(found)
    assert "a checksum differs" in ((await on.now(found)).status_reason or "")
    await on.backed_up(found)


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "dropped"])
async def test_backups_outlive_a_database_as_was_asked(on: Databases, keep: bool) -> None:  # noqa: FBT001
    database = await on.create()
    await on.backed_up(database)
    await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=keep, final_backup=keep)

    async def ended() -> bool:
        archive = await on.archive_of(database)
        gone = (await on.now(database)).status == "deleted"
        return gone and (archive.expires_at is not None if keep else archive.status == "deleted")

    await on.until(ended, database)
    await on.pass_all(database)
    archive = await on.archive_of(database)
    assert on.engine.containers == {}
    assert (archive.public_id in on.engine.volumes) is keep
    assert [each.id for each in archive.backups] == (["b1", "b2"] if keep else ["b1"])


async def test_the_backups_of_a_deleted_database_go_when_their_time_is_up(on: Databases) -> None:
    database = await on.create()
    await on.backed_up(database)
    await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=True, final_backup=False)

    async def closed() -> bool:
        return (await on.archive_of(database)).expires_at is not None

    await on.until(closed, database)
    expires_at = (await on.archive_of(database)).expires_at
    assert expires_at is not None
    assert expires_at - datetime.now(UTC) > timedelta(days=6)
    clock = on.stage.stop_clock(expires_at - timedelta(seconds=1))
    await on.pass_all(database)
    archive = await on.archive_of(database)
    assert (archive.is_deleting, set(on.engine.volumes)) == (False, {archive.public_id})
    clock.at = expires_at
    await on.pass_all(database)
    await on.pass_all(database)
    assert ((await on.archive_of(database)).status, on.engine.volumes) == ("deleted", {})


CALLS = (
    "containers.ensure",
    "containers.start",
    "containers.inspect",
    "containers.logs",
    "containers.remove",
    "volumes.ensure",
    "volumes.remove",
    "databases.administer",
    "servers.probe",
    "archives.contents",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nth", [1, 3])
async def test_a_controller_that_dies_anywhere_strands_nothing(on: Databases, call: str, nth: int) -> None:
    """Create, back up, restore and delete both; some calls are interrupted and the controller restarts."""

    async def cut() -> None:
        on.engine.fail(call, Unreachable("it was cut off"), nth)
        on.stage.restart_controller()

    source = await on.create()
    await cut()
    await on.backed_up(source)
    await cut()
    saved = await databases.restore(
        on.stage.cloud, REQUEST, "orders", databases.RestoreDatabase(name="before", backup="b1")
    )
    found = await on.stage.load(Database, saved.aggregate.id)
    await on.backed_up(found)
    for name in ("orders", "before"):
        await cut()
        await databases.delete(on.stage.cloud, REQUEST, name, keep_backups=False, final_backup=False)

    async def ended() -> bool:
        return {(await on.archive_of(each)).status for each in (source, found)} == {"deleted"}

    await on.until(ended, source, found)
    on.engine.heal(call)
    await on.pass_all(source, found)
    assert on.engine.containers == on.engine.volumes == {}
    told = await on.stage.told(found)
    assert [told.count(each) for each in ("restored", "deleted")] == [1, 1]
