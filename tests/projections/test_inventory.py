"""Reads at any position of the log."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from adapters.event_store import Follower, migrate
from domain.volume import Volume
from projections import rebuild
from projections.inventory import SCHEMA, SQL, Inventory, InventoryProjection, PositionMoved, Query
from tests.adapters import stores
from tests.projections import logs
from tests.projections.histories import ACCOUNTS, History, by_chance

CHECKPOINTS = 40
VALUES: dict[str, Any] = {
    "instant": datetime(2025, 1, 1, tzinfo=UTC),
    "ends_at": datetime(2025, 1, 1, tzinfo=UTC),
    "position": 5,
    "resource_id": UUID(int=1),
    "resource": UUID(int=1),
    "first": UUID(int=1),
    "last": UUID(int=2),
    "account": "acc",
    "at": 5,
    "from": 1,
    "to": 5,
    "kind": "volume",
    "kinds": ["volume"],
    "name": "data",
    "status": "available",
    "tags": '{"a": "b"}',
    "ended_after": 5,
    "before": 0,
    "after": 1,
    "model": 1,
    "born": "[]",
    "gone": [UUID(int=1)],
    "gone_at": [1],
    "versions": "[]",
    "after_name": "a",
    "after_id": UUID(int=1),
    "limit": 10,
}
POSITIONAL: dict[str, Any] = {
    "latest": ([UUID(int=1)],),
}


@pytest.mark.parametrize("name", sorted(SQL.keys() - {"create", "index"}))
def test_every_named_query_runs(name: str, database_url: str) -> None:
    migrate(database_url)
    rebuild.ensure(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(f"SET search_path = {SCHEMA}, public")
        if name.startswith("copy_"):
            with connection.cursor() as cursor, cursor.copy(SQL[name]):
                pass
        else:
            connection.execute(SQL[name], POSITIONAL.get(name, VALUES))


class Remembered:
    """Results of reads at a position, to compare with later as-of reads."""

    def __init__(self) -> None:
        self.ones: dict[tuple[int, UUID], bytes | None] = {}
        self.pages: dict[tuple[int, str | None], list[bytes]] = {}
        self.instants: dict[int, datetime | None] = {}

    async def look(self, inventory: Inventory, at: int, ids: list[UUID]) -> None:
        for id_ in ids:
            self.ones[at, id_] = await inventory.one(id_, None, at)
        for account in (None, *ACCOUNTS):
            self.pages[at, account] = await _all_pages(inventory, account, at)
        self.instants[at] = await inventory.recorded_at(at)

    @property
    def checks(self) -> int:
        return len(self.ones) + len(self.pages)


async def _all_pages(inventory: Inventory, account: str | None, at: int) -> list[bytes]:
    found: list[bytes] = []
    after = None
    while True:
        page = await inventory.page(Query(at=at, account=account, limit=7, after=after))
        found += page.documents
        after = page.next
        if after is None:
            return found


async def _live_through(url: str, seed: int, remembered: Remembered) -> None:
    """Run a history, and read every resource from time to time."""
    chance = by_chance(seed)
    history, projection, inventory = History(chance), InventoryProjection(), Inventory(url)
    await inventory.open()
    with stores.open_recorder(url, 1) as recorder:
        for _ in range(CHECKPOINTS):
            logs.append(recorder, history.steps(chance.randrange(1, 30)))
            position = await logs.project(url, projection, batch=chance.randrange(1, 6))
            await remembered.look(inventory, position, [resource.id for resource in history.resources])
    await inventory.close()


async def test_reads_as_of_a_position_show_what_was_shown_then(database_url: str) -> None:
    migrate(database_url)
    rebuild.ensure(database_url)
    then, later = Remembered(), Remembered()
    await _live_through(database_url, 11, then)
    inventory = Inventory(database_url)
    await inventory.open()
    for at in then.instants:
        await later.look(inventory, at, [id_ for position, id_ in then.ones if position == at])
    assert later.ones == then.ones
    assert later.pages == then.pages
    assert then.checks >= 500
    for at, instant in then.instants.items():
        assert instant is not None
        assert await inventory.at_instant(instant) == (at, False)
    await _check_differences(inventory, then)
    await inventory.close()


async def _check_differences(inventory: Inventory, then: Remembered) -> None:
    """Compare what changed between two positions with what the lists showed at both."""
    known = sorted(then.instants)
    for before, after in [(known[0], known[-1]), *zip(known, known[3:], strict=False)]:
        old, new = (_by_id(then.pages[at, None]) for at in (before, after))
        expected = {id_: (old.get(id_), new.get(id_)) for id_ in old | new if old.get(id_) != new.get(id_)}
        pairs = await inventory.differing(before, after, None)
        assert {(a or b or {})["id"]: (a, b) for a, b in pairs} == expected


def _by_id(documents: list[bytes]) -> dict[str, Any]:
    return {document["id"]: document for document in map(orjson.loads, documents)}


async def test_an_instant_between_two_events_is_the_position_of_the_earlier(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        first = await store.append(stores.save(stores.volume("a")))
        second = await store.append(stores.save(stores.volume("b")))
    await asyncio.to_thread(rebuild.ensure, database_url)
    inventory = Inventory(database_url)
    await inventory.open()
    step = timedelta(microseconds=1)
    assert await inventory.at_instant(second.recorded_at - step) == (first.position, False)
    assert await inventory.at_instant(first.recorded_at - step) == (0, False)
    assert await inventory.at_instant(second.recorded_at + timedelta(hours=1)) == (second.position, True)
    await inventory.close()


async def test_a_name_means_whoever_has_it_at_that_position(database_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
    await asyncio.to_thread(rebuild.ensure, database_url)
    first, second = stores.volume(), stores.volume()
    async with stores.open_store(database_url) as store:
        born = await store.append(stores.save(first))
        first.delete()
        first.report_deleted()
        gone = await store.append(stores.save(first))
        again = await store.append(stores.save(second))
    await logs.project(database_url, InventoryProjection())
    inventory = Inventory(database_url)
    await inventory.open()
    holders = [
        await inventory.named(stores.ACCOUNT, Volume.KIND, "data", at)
        for at in (born.position - 1, born.position, gone.position, again.position)
    ]
    assert holders == [None, first.id, first.id, second.id]
    await inventory.close()


async def test_a_projector_whose_position_was_moved_changes_nothing_and_can_go_on(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        volume.report_available()
        await store.append(stores.save(volume))
    await asyncio.to_thread(rebuild.ensure, database_url)
    stores.rows(database_url, "UPDATE read_model.progress SET position = 1")
    stores.rows(database_url, "TRUNCATE read_model.versions, read_model.resources")
    projection = InventoryProjection()
    async with Follower(database_url) as follower:
        await follower.connection.execute(f"SET search_path = {SCHEMA}, public")
        with pytest.raises(PositionMoved):
            await projection.project(follower.connection, 0, await follower.read(0))
    assert stores.table(database_url, SCHEMA, "versions") == []
    stores.rows(database_url, "UPDATE read_model.progress SET position = 0")
    assert await logs.project(database_url, projection) == 2
    assert len(stores.table(database_url, SCHEMA, "versions")) == 2
