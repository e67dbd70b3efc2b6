"""Group commit: pending saves share a transaction, and each gets its own result."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from adapters.event_store import PostgresEventStore
from domain.aggregate import Claim, Conditions
from domain.store import Append, ClaimTaken, Receipt, RequirementMissing, ScopeInUse, VersionConflict
from domain.volume import Volume
from tests.adapters import stores


@asynccontextmanager
async def _held_up(url: str, store: PostgresEventStore) -> AsyncGenerator[None]:
    """Block the writer in a save, so that saves in the meantime become one batch."""
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(7202, 1)")
        first = asyncio.create_task(store.append(stores.save(stores.volume("holds-up"))))
        await stores.blocked(url, 1)
        yield
    await first


async def _append_together(
    url: str, store: PostgresEventStore, saves: Sequence[Append]
) -> list[Receipt | BaseException]:
    async with _held_up(url, store):
        tasks = [asyncio.create_task(store.append(save)) for save in saves]
        await asyncio.sleep(0)  # lets each of them reach the writer's queue
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_saves_that_wait_share_one_transaction(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        saves = [stores.save(stores.volume(f"v{number}")) for number in range(20)]
        with psycopg.connect(database_url, autocommit=True) as listening:
            listening.execute("LISTEN events")
            receipts = await _append_together(database_url, store, saves)
            # Postgres tells a transaction's equal notifications once, so they count the transactions.
            told = list(listening.notifies(timeout=stores.DEADLINE_S, stop_after=2))
            told += list(listening.notifies(timeout=0))
    assert len(told) == 2, "the one that held up, and the batch"
    assert [receipt.position for receipt in receipts if isinstance(receipt, Receipt)] == list(range(2, 22))


async def test_each_save_of_a_batch_is_answered_for_itself(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        holder, stale = stores.volume("taken"), stores.volume("stale")
        await store.append(stores.save(holder, stale, conditions=[_claims("port", "80", holder)]))
        unsaved = Volume.create(stores.ACCOUNT, "unsaved", None, {})
        conflict = replace(stores.save(stale), events=await _first_events(store, stale))
        saves = [
            stores.save(stores.volume("good")),
            stores.save(stores.volume("taken")),
            conflict,
            stores.bare(Conditions(requires=[Claim("alive", "x", unsaved.id)]), "a"),
            stores.bare(Conditions(unused=["port"]), "b"),
            stores.save(stores.volume("good")),
            stores.save(stores.volume("also-good")),
        ]
        outcomes = await _append_together(database_url, store, saves)
    assert [type(outcome) for outcome in outcomes] == [
        Receipt,
        ClaimTaken,
        VersionConflict,
        RequirementMissing,
        ScopeInUse,
        ClaimTaken,
        Receipt,
    ]
    names = stores.rows(database_url, "SELECT state->>'name' AS name FROM events ORDER BY notification_id")
    assert [row["name"] for row in names] == ["taken", "stale", "holds-up", "good", "also-good"]


async def test_a_save_that_cannot_be_stored_does_not_harm_its_neighbours(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        poison = stores.volume("poison")
        poison.trigger_event(Volume.Failed, reason="a NUL \0 that JSONB refuses")
        saves = [
            stores.save(stores.volume("left")),
            stores.save(poison),
            stores.save(stores.volume("right")),
        ]
        left, broken, right = await _append_together(database_url, store, saves)
        assert isinstance(left, Receipt)
        assert isinstance(broken, psycopg.DataError)
        assert isinstance(right, Receipt)
        assert await store.load(poison.id) is None
        await store.append(stores.save(stores.volume("after")))
        assert len(stores.positions(database_url)) == 4


async def test_a_caller_that_goes_away_does_not_take_its_save_back(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        async with _held_up(database_url, store):
            gone = asyncio.create_task(store.append(stores.save(volume)))
            await asyncio.sleep(0)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
        await store.append(stores.save(stores.volume("later")))
        assert await store.load(volume.id) is not None


async def test_what_waits_is_written_before_the_store_closes(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        saves = [stores.save(stores.volume(f"v{number}")) for number in range(200)]
        tasks = [asyncio.create_task(store.append(save)) for save in saves]
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*tasks)) == 200
    assert len(stores.positions(database_url)) == 200


def _claims(scope: str, key: str, owner: Volume) -> Conditions:
    return Conditions(claims=[Claim(scope, key, owner.id)])


async def _first_events(store: PostgresEventStore, volume: Volume) -> list[Volume.CreateRequested]:
    created = Volume.create(stores.ACCOUNT, volume.name, None, {}).collect_events()[0]
    assert isinstance(created, Volume.CreateRequested)
    assert await store.load(volume.id) is not None
    object.__setattr__(created, "originator_id", volume.id)
    return [created]
