"""Positions are assigned in commit order, so a follower that reads ``position > n`` never skips an event."""

import asyncio
import random
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from adapters.event_store import Follower, migrate
from domain.store import Recorded, VersionConflict
from tests.adapters import stores

_APPEND = "SELECT * FROM append_events(%s::text::jsonb)"


def _write(connection: psycopg.Connection, name: str) -> int:
    batch = b"[%s]" % stores.encoded(stores.save(stores.volume(name)))
    row = connection.execute(_APPEND, (batch.decode(),)).fetchone()
    assert row is not None
    return row[1][0]


@contextmanager
def _session(url: str) -> Generator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        yield connection


async def _follow(url: str, found: list[Recorded], wanted: int) -> None:
    async with Follower(url, poll_s=0.05, batch=7) as follower:
        async for events in follower.batches(0):
            found += events
            if len(found) >= wanted:
                return


async def test_a_second_writer_waits_for_the_slow_first_and_the_follower_sees_both(database_url: str) -> None:
    migrate(database_url)
    found: list[Recorded] = []
    following = asyncio.create_task(_follow(database_url, found, 2))
    with _session(database_url) as slow, _session(database_url) as quick:
        first = await asyncio.to_thread(_write, slow, "slow")
        second = asyncio.create_task(asyncio.to_thread(_write, quick, "quick"))
        await stores.blocked(database_url, 1)
        assert not second.done()
        assert found == []
        await asyncio.to_thread(slow.commit)
        assert first < await second
        await asyncio.to_thread(quick.commit)
        async with asyncio.timeout(stores.DEADLINE_S):
            await following
    assert [event.payload["name"] for event in found] == ["slow", "quick"]


def test_without_the_lock_a_follower_would_skip_the_slow_writers_event(database_url: str) -> None:
    """The counter-test: the same steps on a table without the lock lose an event."""
    read = "SELECT position, name FROM log WHERE position > %s ORDER BY position"
    write = "INSERT INTO log (name) VALUES (%s)"
    with _session(database_url) as slow, _session(database_url) as quick:
        slow.execute("CREATE TABLE log (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)")
        slow.commit()
        slow.execute(write, ("slow",))
        quick.execute(write, ("quick",))
        quick.commit()
        seen = stores.rows(database_url, read, 0)
        slow.commit()
        seen += stores.rows(database_url, read, seen[-1]["position"])
    assert [row["name"] for row in seen] == ["quick"], (
        "the follower has gone past the event of the slow writer"
    )


async def test_slow_writers_and_rollbacks_leave_a_follower_nothing_to_miss(database_url: str) -> None:
    migrate(database_url)
    writers, each = 8, 25
    committed = 0
    found: list[Recorded] = []

    def write(seed: int) -> int:
        chance = random.Random(seed)  # noqa: S311 - a play, not a secret
        kept = 0
        with _session(database_url) as connection:
            for number in range(each):
                _write(connection, f"v-{seed}-{number}")
                connection.execute("SELECT pg_sleep(%s)", (chance.random() * 0.004,))
                if chance.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
                    kept += 1
        return kept

    following = asyncio.create_task(_follow(database_url, found, writers * each + 1))
    with ThreadPoolExecutor(writers) as threads:
        loop = asyncio.get_running_loop()
        committed = sum(
            await asyncio.gather(*(loop.run_in_executor(threads, write, seed) for seed in range(writers)))
        )

    async def has_come_to_the_end() -> bool:
        return len(found) >= committed

    await stores.eventually(has_come_to_the_end, "the follower has read all")
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    written = stores.positions(database_url)
    assert _positions(found) == written
    assert len(written) == committed
    assert written[-1] > committed, "rolled-back saves have left gaps, which harmed nobody"


async def test_a_refused_save_leaves_a_gap_that_harms_nobody(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        first = await store.append(stores.save(volume))
        volume.report_available()
        stale = stores.save(volume)
        await store.append(stale)
        with pytest.raises(VersionConflict):
            await store.append(stale)
        last = await store.append(stores.save(stores.volume("other")))
        assert last.position > first.position + 2
        async with Follower(database_url) as follower:
            assert _positions(await follower.read(0)) == stores.positions(database_url)
            assert _positions(await follower.read(first.position + 1)) == [last.position]
            assert await store.head() == last.position


async def test_times_never_run_back_even_when_the_clock_does(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        await store.append(stores.save(stores.volume("before")))
        stores.rows(database_url, "UPDATE events SET recorded_at = recorded_at + interval '1 hour'")
        receipts = await asyncio.gather(
            *(store.append(stores.save(stores.volume(f"v{number}"))) for number in range(40))
        )
    in_order = stores.rows(database_url, "SELECT recorded_at FROM events ORDER BY notification_id")
    times = [row["recorded_at"] for row in in_order]
    assert times == sorted(times)
    assert {receipt.recorded_at for receipt in receipts} <= set(times)


async def test_one_save_has_one_time(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        volume.report_available()
        receipt = await store.append(stores.save(volume, stores.volume("other")))
        assert len(receipt.positions) == 3
    found = stores.rows(database_url, "SELECT DISTINCT recorded_at FROM events")
    assert [row["recorded_at"] for row in found] == [receipt.recorded_at]


async def test_of_notifications_that_arrive_together_the_newest_is_told(database_url: str) -> None:
    told = "SELECT pg_notify('projected', n::text) FROM generate_series(%s::int, %s::int) AS n"
    async with Follower(database_url, channel="projected", poll_s=stores.DEADLINE_S) as follower:
        for first in range(1, 40, 3):
            await asyncio.to_thread(stores.rows, database_url, told, first, first + 2)
            assert await follower.wait() == str(first + 2)


def _positions(events: Sequence[Recorded]) -> list[int]:
    return [event.position for event in events]
