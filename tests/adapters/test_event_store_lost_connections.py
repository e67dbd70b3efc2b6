"""The database fails and recovers: nothing is lost or repeated, and the next call works."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import PostgresEventStore
from domain.errors import Unavailable
from domain.store import ClaimTaken
from tests.adapters import stores
from tests.conftest import free_port

_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_reads_and_appends_recover_from_cut_connections(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        await store.append(stores.save(volume))
        for number in range(3):
            stores.rows(database_url, _CUT)
            assert await store.load(volume.id) is not None
            stores.rows(database_url, _CUT)
            assert await store.claim(volume.name_claim().scope, "data") is not None
            stores.rows(database_url, _CUT)
            await store.append(stores.save(stores.volume(f"after-cut-{number}")))


async def test_a_save_cut_while_it_waits_is_reported_and_written_once_by_its_repetition(
    database_url: str,
) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        save = stores.save(volume, conditions=[stores.once("the-request", volume.id)])
        with psycopg.connect(database_url) as other:
            other.execute("SELECT pg_advisory_xact_lock(7202, 1)")
            first = asyncio.create_task(store.append(save))
            await stores.blocked(database_url, 1)
            other.execute(_CUT)
            with pytest.raises(Unavailable, match="Idempotency-Key"):
                await first
        receipt = await store.append(save)
        with pytest.raises(ClaimTaken) as again:
            await store.append(save)
        assert await store.position_of(again.value.claim) == receipt.position
        assert len(await store.events(volume.id)) == 1


async def test_nothing_is_lost_or_doubled_however_often_connections_are_cut(database_url: str) -> None:
    async with stores.open_store(database_url) as store, _cutting(database_url) as cuts:
        volumes: list[stores.Volume] = []
        tries: list[int] = []
        # Until an append was cut: a quick machine writes many between two cuts.
        while sum(tries) == len(volumes):
            batch = [stores.volume(f"v{len(volumes) + number}") for number in range(50)]
            tries += await asyncio.gather(*(_until_written(store, volume) for volume in batch))
            volumes += batch
    assert cuts
    found = stores.rows(database_url, "SELECT state->>'name' AS name, count(*) AS n FROM events GROUP BY 1")
    assert {row["name"]: row["n"] for row in found} == {volume.name: 1 for volume in volumes}


async def test_a_restart_of_postgres_is_survived(tmp_path: Path) -> None:
    """Durable settings: acknowledged events survive a kill of the server."""
    server = EmbeddedPostgres(tmp_path, free_port())
    await asyncio.to_thread(server.start)
    try:
        async with stores.open_store(server.url()) as store:
            volume = stores.volume()
            receipt = await store.append(stores.save(volume))
            await asyncio.to_thread(_kill, server)
            await asyncio.to_thread(server.start)
            assert await store.head() == receipt.position
            assert await store.load(volume.id) is not None
            later = stores.volume("later")
            assert await _until_written(store, later) <= 2
            assert (await store.events(later.id))[0].position > receipt.position
    finally:
        await asyncio.to_thread(server.stop)


async def _until_written(store: PostgresEventStore, volume: stores.Volume) -> int:
    """Save with an idempotency key until the store confirms it; return the number of attempts."""
    save = stores.save(volume, conditions=[stores.once(secrets.token_hex(8), volume.id)])
    for attempt in range(1, 200):
        try:
            await store.append(save)
        except Unavailable:
            continue
        except ClaimTaken as taken:
            assert taken.claim.scope.startswith("idempotency/")  # noqa: PT017 - anything else is a double
        return attempt
    raise AssertionError(f"could not write {volume.name}")


@asynccontextmanager
async def _cutting(url: str) -> AsyncGenerator[list[int]]:
    cuts: list[int] = []
    ended = asyncio.Event()

    async def cut() -> None:
        while not ended.is_set():
            cuts.append(len(await asyncio.to_thread(stores.rows, url, _CUT)))
            await asyncio.sleep(0.02)

    task = asyncio.create_task(cut())
    yield cuts
    # Not cancelled: a cut that is in progress in its thread would continue, and affect the next test.
    ended.set()
    await task


def _kill(server: EmbeddedPostgres) -> None:
    assert server.process is not None
    server.process.kill()
    server.process.wait(stores.DEADLINE_S)
