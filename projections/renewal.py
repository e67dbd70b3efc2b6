"""Renews the read model while the cloud is used: built beside the live one, caught up, switched at one position."""

import asyncio
from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from domain.store import Recorded
from projections import rebuild
from projections.activity import recorded
from projections.inventory import SCHEMA, InventoryProjection

_NEXT = "read_model_next"
_LAST = "read_model_last"
_BATCH = 500
_AGAIN_S = 0.05
_LOCK = "SELECT pg_advisory_lock(7204, 0)"
"""As a start of the cloud that builds the read model takes it."""

_LOG: LiteralString = """
    SELECT notification_id AS position, originator_id AS resource_id, originator_version AS version, topic AS type,
           state::text AS payload, account_id, actor, source_ip, request_id, correlation_id, causation, recorded_at
    FROM events WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s"""


async def renew(conninfo: str) -> int:
    """Rebuild the read model and switch to it without downtime; return the position of the switch.

    The projector that writes the live one notices the switch: its next batch is written to the new one, see
    ``InventoryProjection``.
    """
    async with await AsyncConnection[DictRow].connect(
        conninfo, autocommit=True, row_factory=dict_row
    ) as connection:
        await connection.execute(_LOCK)
        await _drop(connection, _LAST)
        position = await _live(connection)
        await asyncio.to_thread(_build, conninfo, position)
        await connection.execute(SQL("SET search_path = {}, public").format(Identifier(_NEXT)))
        projection = InventoryProjection()
        while (live := await _live(connection)) - position > _BATCH:
            position = await _advance(connection, projection, position, live)
        position = await _switch(connection, projection, position)
        # Reads that began before the switch end on the old one.
        await _drop(connection, _LAST)
    return position


async def _drop(connection: AsyncConnection[DictRow], schema: str) -> None:
    """Drop a schema that somebody may still use, and give way to them.

    Its tables are locked one by one. Waiting for one while others wait for those that are locked would be a deadlock.
    """
    await connection.execute("SET lock_timeout = '50ms'")
    while True:
        try:
            await connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))
            break
        except LockNotAvailable:
            await asyncio.sleep(_AGAIN_S)
    await connection.execute("RESET lock_timeout")


def _build(conninfo: str, upto: int) -> None:
    with psycopg.connect(conninfo) as connection:
        rebuild.build(connection, _NEXT, upto)


async def _switch(
    connection: AsyncConnection[DictRow], projection: InventoryProjection, position: int
) -> int:
    """Catch up to where the live one is and stays, then let the new one take its name."""
    async with connection.transaction():
        # The projector moves its position as it begins a batch: from here on it waits, and readers do not.
        await connection.execute(SQL("LOCK TABLE {}.progress IN EXCLUSIVE MODE").format(Identifier(SCHEMA)))
        live = await _live(connection)
        while position < live:
            position = await _advance(connection, projection, position, live)
        for schema, name in ((SCHEMA, _LAST), (_NEXT, SCHEMA)):
            await connection.execute(
                SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(schema), Identifier(name))
            )
    return position


async def _advance(
    connection: AsyncConnection[DictRow], projection: InventoryProjection, after: int, upto: int
) -> int:
    events = await _read(connection, after, upto)
    if not events:
        return upto
    await projection.project(connection, after, events)
    return events[-1].position


async def _read(connection: AsyncConnection[DictRow], after: int, upto: int) -> Sequence[Recorded]:
    cursor = await connection.execute(_LOG, (after, upto, _BATCH))
    return [recorded(row) for row in await cursor.fetchall()]


async def _live(connection: AsyncConnection[DictRow]) -> int:
    cursor = await connection.execute(SQL("SELECT position FROM {}.progress").format(Identifier(SCHEMA)))
    row = await cursor.fetchone()
    return row["position"] if row else 0
