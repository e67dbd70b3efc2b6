"""Heartbeats of controllers in Postgres, visible to every API process."""

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from domain.errors import Unavailable
from domain.store import Heartbeat

_BEAT = (
    "INSERT INTO controllers (controller_id, pid, is_leading, started_at, beat_at, loops, metrics)"
    " VALUES (%s, %s, %s, %s, clock_timestamp(), %s, %s)"
    " ON CONFLICT (controller_id) DO UPDATE SET is_leading = excluded.is_leading, beat_at = excluded.beat_at,"
    " loops = excluded.loops, metrics = excluded.metrics"
)
_FORGET_OLD = (
    "DELETE FROM controllers WHERE controller_id <> %s AND beat_at < clock_timestamp() - interval '1 hour'"
)
_LEAVE = "DELETE FROM controllers WHERE controller_id = %s"
_NEWEST = (
    "SELECT controller_id, pid, is_leading, started_at, loops, metrics,"
    " extract(epoch FROM clock_timestamp() - beat_at)::float8 AS age_s FROM controllers ORDER BY beat_at DESC"
)
_TIMEOUT_S = 5.0


class PostgresHeartbeats:
    """Implements ``domain.store.Heartbeats``."""

    def __init__(self, conninfo: str) -> None:
        self._pool = AsyncConnectionPool[AsyncConnection[DictRow]](
            conninfo,
            min_size=0,
            max_size=1,
            open=False,
            timeout=_TIMEOUT_S,
            kwargs={"autocommit": True, "row_factory": dict_row},
        )

    async def connect(self) -> None:
        """Prepare; the connection is opened when it is first needed."""
        await self._pool.open()

    async def disconnect(self) -> None:
        """Close the connection."""
        await self._pool.close()

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the heartbeat of this controller, and remove outdated ones of others."""
        await self._rows(
            _BEAT,
            heartbeat.controller_id,
            heartbeat.pid,
            heartbeat.is_leading,
            heartbeat.started_at,
            Jsonb(heartbeat.loops),
            heartbeat.metrics,
        )
        await self._rows(_FORGET_OLD, heartbeat.controller_id)

    async def leave(self, controller_id: UUID) -> None:
        """Remove the heartbeat of a controller."""
        await self._rows(_LEAVE, controller_id)

    async def newest(self) -> list[Heartbeat]:
        """Return the last heartbeat of each controller, newest first."""
        return [Heartbeat(**row) for row in await self._rows(_NEWEST)]

    async def _rows(self, query: LiteralString, *values: Any) -> list[DictRow]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query, values, prepare=True)
                return await cursor.fetchall() if cursor.description else []
        except OperationalError as error:
            raise Unavailable("cannot look up controllers at the moment; retry later") from error
