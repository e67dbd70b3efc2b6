"""A payload stored by an older version of its event loads as the newest, wherever it is read."""

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.event_store import Follower, migrate
from adapters.event_store.mapper import OrjsonMapper
from domain.aggregate import Aggregate
from projections import rebuild
from tests.adapters import stores

MOVED_AT = "2024-05-06T07:08:09+00:00"
SAMPLE_V1 = f'{{"timestamp": "{MOVED_AT}", "account_id": "acc", "name": "old", "size": "3 GB"}}'
"""Version 1 of the event below, as stored: the size was text, and there was no colour."""


@pytest.fixture(scope="module")
def parcel() -> Generator[type[Aggregate]]:
    """A kind of resource that exists only in this file."""
    kind = _define()
    yield kind
    del Aggregate.kinds["parcel"]
    for name in [name for name in Aggregate.events if name.startswith("parcel.")]:
        del Aggregate.events[name]


def _define() -> type[Aggregate]:
    class Parcel(Aggregate):
        PREFIX = "parcel"

        class Sent(Aggregate.Created):
            account_id: str
            name: str
            size_gb: int
            colour: str

            class_version = 3

            @staticmethod
            def upcast_v1_v2(state: dict[str, Any]) -> None:
                state["size_gb"] = int(state.pop("size").removesuffix(" GB"))

            @staticmethod
            def upcast_v2_v3(state: dict[str, Any]) -> None:
                state["colour"] = "brown"

            def apply(self, aggregate: "Parcel") -> None:
                aggregate.size_gb = self.size_gb
                aggregate.colour = self.colour

        class Moved(Aggregate.Event):
            at: datetime
            by: UUID | None

            def apply(self, aggregate: "Parcel") -> None:
                aggregate.moved = (*aggregate.moved, (self.at, self.by))

        size_gb: int
        colour: str
        moved: tuple[tuple[datetime, UUID | None], ...] = ()

        @classmethod
        def send(cls, name: str, size_gb: int, colour: str) -> "Parcel":
            return cls._create(cls.Sent, account_id="acc", name=name, size_gb=size_gb, colour=colour)

    return Parcel


def _store_sample(url: str) -> UUID:
    resource_id = uuid4()
    migrate(url)
    query = (
        "INSERT INTO events (originator_id, originator_version, topic, state, account_id, actor, recorded_at)"
        " VALUES (%s, 1, 'parcel.sent', %s, 'acc', 'key-1', now())"
    )
    stores.rows(url, query, resource_id, SAMPLE_V1)
    return resource_id


async def test_an_aggregate_loads_from_an_old_event(parcel: Any, database_url: str) -> None:
    resource_id = _store_sample(database_url)
    async with stores.open_store(database_url) as store:
        loaded: Any = await store.load(resource_id)
        assert loaded.KIND == parcel.KIND
        assert (loaded.size_gb, loaded.colour) == (3, "brown")
        loaded.trigger_event(parcel.Moved, at=datetime(2025, 1, 2, tzinfo=UTC), by=None)
        await store.append(stores.save(loaded))
        assert (await store.load(resource_id)) == loaded


async def test_readers_of_the_log_get_the_newest_version(parcel: type[Aggregate], database_url: str) -> None:
    resource_id = _store_sample(database_url)
    async with stores.open_store(database_url) as store, Follower(database_url) as follower:
        (recorded,) = await store.events(resource_id)
        (followed,) = await follower.read(0)
    with psycopg.connect(database_url) as connection:
        (replayed,) = rebuild.read(connection, 100)
    assert recorded.payload == followed.payload == replayed.payload
    assert recorded.payload == {
        "timestamp": MOVED_AT,
        "account_id": "acc",
        "name": "old",
        "size_gb": 3,
        "colour": "brown",
    }
    assert parcel.KIND == "parcel"


def test_a_new_event_says_its_version_and_needs_no_upcasting(parcel: Any) -> None:
    mapper = OrjsonMapper()
    sent = parcel.send("new", 5, "red")
    (created,) = sent.collect_events()
    stored = mapper.to_stored_event(created)
    assert b'"class_version":3' in stored.state
    assert mapper.to_domain_event(stored) == created


def test_what_json_cannot_hold_comes_back_as_it_was(parcel: Any) -> None:
    mapper = OrjsonMapper()
    sent = parcel.send("new", 5, "red")
    sent.trigger_event(parcel.Moved, at=datetime(2025, 1, 2, 3, 4, 5, 678, tzinfo=UTC), by=uuid4())
    sent.trigger_event(parcel.Moved, at=datetime(2025, 1, 2, tzinfo=UTC), by=None)
    for made in sent.collect_events():
        assert mapper.to_domain_event(mapper.to_stored_event(made)) == made
