"""Partitions of the tables of metrics: made ahead, dropped as a whole when their time is over."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier, Literal

from projections.metrics import Kept

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NAME = "%Y%m%d%H"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, how much time one of its partitions holds, and for how long it is kept."""

    name: str
    span: timedelta
    kept: timedelta


def tables(kept: Kept) -> tuple[Table, ...]:
    """Return the tables of metrics, the finest first."""
    return (
        Table("metrics_second", timedelta(hours=1), kept.second),
        Table("metrics_minute", timedelta(days=1), kept.minute),
        Table("metrics_hour", timedelta(days=30), kept.hour),
    )


class Partitions:
    """Makes and drops partitions; remembers what it has made."""

    def __init__(self, kept: Kept) -> None:
        self._tables = tables(kept)
        self._made: set[tuple[str, datetime]] = set()
        self._making = asyncio.Lock()

    async def ensure(self, connection: AsyncConnection[DictRow], since: datetime, until: datetime) -> None:
        """Have a partition for each moment from ``since`` to ``until``."""
        for table in self._tables:
            at = beginning(since, table.span)
            while at <= until:
                # One at a time: of two that make the same one, the second would fail.
                async with self._making:
                    await self._make(connection, table, at)
                at += table.span

    async def drop_old(self, connection: AsyncConnection[DictRow], now: datetime) -> list[str]:
        """Drop what holds only what is older than is kept, and return the names."""
        dropped: list[str] = []
        for table in self._tables:
            for name in await _partitions(connection, table):
                began = datetime.strptime(name.rpartition("_")[2], _NAME).replace(tzinfo=UTC)
                if began + table.span <= now - table.kept and await _drop(connection, name):
                    self._made.discard((table.name, began))
                    dropped.append(name)
        return dropped

    async def _make(self, connection: AsyncConnection[DictRow], table: Table, at: datetime) -> None:
        if (table.name, at) in self._made:
            return
        name = f"{table.name}_{at.strftime(_NAME)}"
        cursor = await connection.execute("SELECT to_regclass(%s) AS found", (f"public.{name}",))
        row = await cursor.fetchone()
        if row is None or row["found"] is None:
            await _attach(connection, table, name, at)
        self._made.add((table.name, at))


async def _attach(connection: AsyncConnection[DictRow], table: Table, name: str, at: datetime) -> None:
    """Make a table and let it become a partition: unlike making a partition at once, this waits for no reader."""
    names = Identifier(name), Identifier(table.name)
    async with connection.transaction():
        await connection.execute(SQL("CREATE TABLE public.{} (LIKE public.{})").format(*names))
        attached = SQL("ALTER TABLE public.{1} ATTACH PARTITION public.{0} FOR VALUES FROM ({2}) TO ({3})")
        bounds = Literal(at.isoformat()), Literal((at + table.span).isoformat())
        await connection.execute(attached.format(*names, *bounds))


def beginning(at: datetime, span: timedelta) -> datetime:
    """Return when the span that holds a moment began."""
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
    """Drop a table unless somebody reads it just now: waiting would make every other reader wait behind us."""
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            await connection.execute(SQL("DROP TABLE IF EXISTS public.{}").format(Identifier(name)))
    except errors.LockNotAvailable:
        return False
    return True
