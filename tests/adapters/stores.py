"""Event stores for tests, and saves."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from adapters.event_store import PostgresEventStore, migrate
from adapters.event_store.mapper import OrjsonMapper
from adapters.event_store.recorder import EventRecorder, encode
from adapters.event_store.store import datastore
from adapters.vault import Vault
from domain.aggregate import Aggregate, Claim, Conditions
from domain.store import Append, Cause
from domain.volume import Volume

ACCOUNT = "acc"
CAUSE = Cause(actor="key-1", account_id=ACCOUNT, request_id="req-1", correlation_id="trace-1")
DEADLINE_S = 20
_MAPPER = OrjsonMapper()


@asynccontextmanager
async def open_store(url: str, master_key: bytes = bytes(32)) -> AsyncGenerator[PostgresEventStore]:
    """Open a store, migrated first."""
    await asyncio.to_thread(migrate, url)
    store = PostgresEventStore(url, Vault(master_key))
    yield store
    await store.close()


@contextmanager
def open_recorder(url: str, connections: int) -> Generator[EventRecorder]:
    """Open a recorder, migrated first."""
    migrate(url)
    connected = datastore(url, pool_size=connections)
    yield EventRecorder(connected)
    connected.close()


def volume(name: str = "data") -> Volume:
    """Return a volume that is not saved."""
    return Volume.create(ACCOUNT, name, None, {})


def save(*aggregates: Aggregate, cause: Cause = CAUSE, **more: Any) -> Append:
    """Return the save of aggregates."""
    events = [event for aggregate in aggregates for event in aggregate.collect_events()]
    conditions = [aggregate.take_conditions() for aggregate in aggregates]
    return Append(events, cause, [*conditions, *more.pop("conditions", [])], **more)


def bare(conditions: Conditions, name: str = "bare") -> Append:
    """Return a save of a new volume with these claims and requirements."""
    return replace(save(volume(name)), conditions=[conditions])


def once(key: str, owner: UUID) -> Conditions:
    """Return the claim of an idempotency key."""
    return Conditions(claims=[Claim(f"idempotency/{ACCOUNT}", key, owner, '{"fingerprint": ""}')])


def encoded(append: Append, *claims: Claim) -> bytes:
    """Return a save as the server-side function expects it."""
    stored = [_MAPPER.to_stored_event(event) for event in append.events]
    return encode(stored, append.cause, {"claims": claims} if claims else None)


def rows(url: str, query: LiteralString, *values: Any) -> list[dict[str, Any]]:
    """Run a query on a new connection and return the rows."""
    with psycopg.Connection[DictRow].connect(url, row_factory=dict_row, autocommit=True) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def table(url: str, schema: str, name: str) -> list[str]:
    """Return the rows of a table as text, in order."""
    query = SQL("SELECT t::text FROM {} t ORDER BY 1").format(Identifier(schema, name))
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(query)]


def positions(url: str) -> list[int]:
    """Return every position of the log, in order."""
    found = rows(url, "SELECT notification_id AS position FROM events ORDER BY 1")
    return [row["position"] for row in found]


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return when a condition holds. Raises TimeoutError with the condition."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await condition():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise TimeoutError(f"waited in vain until {what}") from None


async def blocked(url: str, writers: int) -> None:
    """Return when a number of sessions wait for the lock of the log."""

    async def waiting() -> bool:
        found = await asyncio.to_thread(
            rows,
            url,
            "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        return found[0]["n"] >= writers

    await eventually(waiting, f"{writers} writers wait")
