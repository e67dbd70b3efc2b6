"""Sessions of browsers in Postgres, shared by all API processes."""

from collections.abc import AsyncIterator
from typing import Any, Literal, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import ForeignKeyViolation
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from domain.errors import Unavailable
from domain.store import SignedIn

_OPEN = "INSERT INTO sessions (digest, purpose, key_id, expires_at, parent) VALUES (%s, %s, %s, %s, %s)"
_FORGET_EXPIRED = "DELETE FROM sessions WHERE expires_at <= clock_timestamp()"
_FIND = (
    "SELECT key_id, expires_at, parent FROM sessions"
    " WHERE digest = %s AND purpose = 'session' AND expires_at > clock_timestamp()"
)
_REDEEM = (
    "DELETE FROM sessions WHERE digest = %s AND purpose = 'ticket' AND expires_at > clock_timestamp()"
    " RETURNING key_id, expires_at, parent"
)
_CLOSE = "DELETE FROM sessions WHERE digest = %s"
"""Triggers of the table end the descendants of the session, and notify about each."""
_LISTEN = "LISTEN session_closed"


class PostgresSessions:
    """Implements ``domain.store.Sessions``."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._pool = AsyncConnectionPool[AsyncConnection[DictRow]](
            conninfo,
            min_size=0,
            max_size=2,
            open=False,
            kwargs={"autocommit": True, "row_factory": dict_row},
        )

    async def connect(self) -> None:
        """Prepare; the connection is opened when it is first needed."""
        await self._pool.open()

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def open(self, digest: str, purpose: Literal["session", "ticket"], signed_in: SignedIn) -> bool:
        """Store a session or a ticket; return False when its parent has ended."""
        await self._rows(_FORGET_EXPIRED)
        values = (digest, purpose, signed_in.key_id, signed_in.expires_at, signed_in.parent)
        try:
            await self._rows(_OPEN, *values)
        except ForeignKeyViolation:
            return False
        return True

    async def find(self, digest: str) -> SignedIn | None:
        """Return the session with this digest."""
        rows = await self._rows(_FIND, digest)
        return SignedIn(**rows[0]) if rows else None

    async def redeem(self, digest: str) -> SignedIn | None:
        """Return and use up the ticket with this digest; only one of two concurrent callers gets it."""
        rows = await self._rows(_REDEEM, digest)
        return SignedIn(**rows[0]) if rows else None

    async def close(self, digest: str) -> None:
        """End a session and all sessions that belong to it."""
        await self._rows(_CLOSE, digest)

    async def closed(self) -> AsyncIterator[str | None]:
        """Yield None first, then each session that is closed, in any process.

        Ends with OperationalError when the connection is lost.
        """
        async with await AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        ) as connection:
            await connection.execute(_LISTEN)
            yield None
            async for notification in connection.notifies():
                yield notification.payload

    async def _rows(self, query: LiteralString, *values: Any) -> list[DictRow]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query, values, prepare=True)
                return await cursor.fetchall() if cursor.description else []
        except OperationalError as error:
            raise Unavailable("cannot look up sessions at the moment; retry later") from error
