"""A database is ``backing-up`` from the moment clients can use it until it can be restored."""

from typing import Any

import pytest

from adapters.event_store.audit import audit
from domain.archive import NotRestorable
from domain.database import Database
from domain.watch import watch_scope
from miniaws.commands import archive as archives
from miniaws.commands import database as databases
from tests.domain.refusals import refused
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_archive import Databases


class Backups(Databases):
    """A stage whose backups run until a test ends them."""

    async def usable(self, database: Database) -> Database:
        """Return a database that is backing up for the first time."""

        async def is_so() -> bool:
            return (await self.now(database)).status == "backing-up"

        for _ in range(20):
            if await is_so():
                return await self.now(database)
            await self.pass_all(database)
        raise AssertionError((await self.now(database)).status)

    async def begin(self, database: Database) -> str:
        """Run the archive's passes until the first backup is being made; return the id of its container."""
        archive = await self.archive_of(database)
        for _ in range(3):
            await self.stage.pass_(archive)
        (part,) = [each for each in self.parts(archive) if each.startswith("base-")]
        return f"{archive.public_id}.{part}"

    async def begin_and_fail(self, database: Database, reason: str) -> None:
        """Make a backup fail, and reconcile the database."""
        part = await self.begin(database)
        self.engine.say(part, reason, "stderr")
        self.engine.end(part, 1)
        await self.stage.pass_(await self.archive_of(database))
        await self.stage.pass_(database)

    async def watchers(self, database: Database) -> list[str]:
        claims = await self.stage.cloud.ports.store.claims(watch_scope(database.archive_id))
        return [claim.key for claim in claims]


@pytest.fixture
async def on(stage: Stage) -> Backups:
    return Backups(stage)


async def test_a_database_is_available_once_it_can_be_restored(on: Backups) -> None:
    database = await on.usable(await on.create())
    await on.stage.settle(database)
    assert (await databases.connection(on.stage.cloud, "main", "orders")).password
    assert await on.watchers(database) == [f"database/{database.public_id}"]
    assert audit(on.stage.database_url) == []
    await on.begin(database)
    with refused(NotRestorable, "orders", "requested at", "available"):
        await databases.restore(on.stage.cloud, REQUEST, "orders", databases.RestoreDatabase(name="before"))
    on.end_programs()
    await on.stage.pass_(await on.archive_of(database))
    await on.stage.pass_(database)
    assert (await on.now(database)).status == "available"
    assert await on.watchers(database) == []
    assert audit(on.stage.database_url) == []
    told = await on.stage.told(database)
    assert told == ["create_requested", "started", "prepared", "backup_awaited", "became_available"]
    await databases.restore(
        on.stage.cloud, REQUEST, "orders", databases.RestoreDatabase(name="before", backup="b1")
    )


@pytest.mark.parametrize("chosen", [{}, {"to": "2026-01-01T00:00:00Z"}, {"backup": "b1"}])
async def test_nothing_can_be_restored_before_the_first_backup(on: Backups, chosen: dict[str, Any]) -> None:
    database = await on.usable(await on.create())
    with refused(NotRestorable, "orders", "first backup", "`available`"):
        await databases.restore(
            on.stage.cloud, REQUEST, "orders", databases.RestoreDatabase(name="before", **chosen)
        )
    assert (await on.now(database)).status == "backing-up"


async def test_a_first_backup_that_fails_says_why_and_a_later_one_changes_no_status(on: Backups) -> None:
    database = await on.usable(await on.create())
    await on.begin_and_fail(database, "no space is left")
    shown = await on.now(database)
    assert (shown.status, "no space is left" in (shown.status_reason or "")) == ("backing-up", True)
    with refused(NotRestorable, "failed", "no space is left"):
        await databases.plan(on.stage.cloud, "main", "orders", databases.RestoreDatabase(name="before"))
    await archives.back_up(on.stage.cloud, REQUEST, "orders")
    await on.backed_up(database)
    assert (await on.now(database)).status_reason is None
    await archives.back_up(on.stage.cloud, REQUEST, "orders")
    await on.begin_and_fail(database, "no space is left")
    assert (await on.archive_of(database)).status == "error"
    assert (await on.now(database)).status == "available"


async def test_a_database_that_is_stopped_before_its_first_backup_makes_it_later(on: Backups) -> None:
    database = await on.usable(await on.create())
    assert (await on.stage.ask(database, Database.stop)).status == "stopped"
    assert audit(on.stage.database_url) == []
    await on.stage.cloud.change(REQUEST, Database, "orders", Database.start)
    await on.usable(database)
    await on.backed_up(database)
    assert await on.watchers(database) == []


async def test_a_restored_database_and_a_promoted_replica_are_backed_up_first(on: Backups) -> None:
    source = await on.create()
    await on.backed_up(source)
    wish = databases.RestoreDatabase(name="before", backup="b1")
    saved = await databases.restore(on.stage.cloud, REQUEST, "orders", wish)
    await on.usable(await on.stage.load(Database, saved.aggregate.id))
    saved = await databases.replicate(on.stage.cloud, REQUEST, "orders", databases.CreateReplica(name="copy"))
    replica = await on.stage.load(Database, saved.aggregate.id)

    async def follows() -> bool:
        return (await on.now(replica)).status == "available"

    await on.until(follows, source, replica)
    assert "backup_awaited" not in await on.stage.told(replica)
    await databases.promote(on.stage.cloud, REQUEST, "copy")
    await on.usable(replica)
    await on.backed_up(replica)
    assert audit(on.stage.database_url) == []


async def test_what_is_deleted_before_its_first_backup_leaves_nothing(on: Backups) -> None:
    database = await on.usable(await on.create())
    await on.begin(database)
    with refused(databases.NotBackedUp, "backing-up", "until it is available"):
        await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=True, final_backup=True)
    await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=True, final_backup=False)

    async def gone() -> bool:
        return (await on.archive_of(database)).status == (await on.now(database)).status == "deleted"

    await on.until(gone, database)
    assert on.engine.containers == on.engine.volumes == {}
    assert await on.watchers(database) == []
    assert audit(on.stage.database_url) == []
