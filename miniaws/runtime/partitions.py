"""Partitions of the tables of points: created ahead of time, dropped as a whole when they expire."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier, Literal

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NAME = "%Y%m%d%H"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the time span of its partitions, and how long its points are retained."""

    name: str
    span: timedelta
    retention: timedelta


class Partitions:
    """Creates and drops partitions, and remembers those that exist."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables
        self._existing: set[tuple[str, datetime]] = set()
        self._lock = asyncio.Lock()

    async def ensure(self, connection: AsyncConnection[DictRow], since: datetime, until: datetime) -> None:
        """Create the partitions from ``since`` to ``until``."""
        for table in self._tables:
            at = beginning(since, table.span)
            while at <= until:
                # One at a time: the second of two that create the same partition would fail.
                async with self._lock:
                    await self._create(connection, table, at)
                at += table.span

    async def drop_old(self, connection: AsyncConnection[DictRow], now: datetime) -> list[str]:
        """Drop the partitions whose points have all expired, and return their names."""
        dropped: list[str] = []
        for table in self._tables:
            for name in await _partitions(connection, table):
                began = datetime.strptime(name.rpartition("_")[2], _NAME).replace(tzinfo=UTC)
                if began + table.span <= now - table.retention and await _drop(connection, name):
                    self._existing.discard((table.name, began))
                    dropped.append(name)
        return dropped

    async def _create(self, connection: AsyncConnection[DictRow], table: Table, at: datetime) -> None:
        if (table.name, at) in self._existing:
            return
        name = f"{table.name}_{at.strftime(_NAME)}"
        cursor = await connection.execute("SELECT to_regclass(%s) AS found", (f"public.{name}",))
        row = await cursor.fetchone()
        if row is None or row["found"] is None:
            await _attach(connection, table, name, at)
        self._existing.add((table.name, at))


async def _attach(connection: AsyncConnection[DictRow], table: Table, name: str, at: datetime) -> None:
    """Create a table and attach it: unlike creating a partition, this waits for no reader."""
    names = Identifier(name), Identifier(table.name)
    async with connection.transaction():
        await connection.execute(SQL("CREATE TABLE public.{} (LIKE public.{})").format(*names))
        attached = SQL("ALTER TABLE public.{1} ATTACH PARTITION public.{0} FOR VALUES FROM ({2}) TO ({3})")
        bounds = Literal(at.isoformat()), Literal((at + table.span).isoformat())
        await connection.execute(attached.format(*names, *bounds))


def beginning(at: datetime, span: timedelta) -> datetime:
    """Return the beginning of the span that contains a point in time."""
    return _EPOCH + (at - _EPOCH) // span * span


async def _partitions(connection: AsyncConnection[DictRow], table: Table) -> list[str]:
    cursor = await connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass ORDER BY c.relname",
        (f"public.{table.name}",),
    )
    rows: list[dict[str, Any]] = await cursor.fetchall()
    return [row["relname"] for row in rows]


async def _drop(connection: AsyncConnection[DictRow], name: str) -> bool:
    """Drop a table unless it is being read: waiting for the lock would block every other reader."""
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            await connection.execute(SQL("DROP TABLE IF EXISTS public.{}").format(Identifier(name)))
    except errors.LockNotAvailable:
        return False
    return True
