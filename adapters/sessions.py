"""Sessions of browsers in Postgres, so that every API process knows them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Literal, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from domain.errors import Unavailable
from domain.store import SignedIn

_OPEN = "INSERT INTO sessions (digest, purpose, key_id, expires_at) VALUES (%s, %s, %s, %s)"
_FORGET_EXPIRED = "DELETE FROM sessions WHERE expires_at <= clock_timestamp()"
_FIND = (
    "SELECT key_id, expires_at FROM sessions"
    " WHERE digest = %s AND purpose = 'session' AND expires_at > clock_timestamp()"
)
_REDEEM = (
    "DELETE FROM sessions WHERE digest = %s AND purpose = 'ticket' AND expires_at > clock_timestamp()"
    " RETURNING key_id, expires_at"
)
_CLOSE = (
    "WITH closed AS (DELETE FROM sessions WHERE digest = %s RETURNING digest)"
    " SELECT pg_notify('session_closed', digest) FROM closed"
)
_LISTEN = "LISTEN session_closed"
_RECONNECT_S = 0.5


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
        """Get ready; a connection is made when it is first needed."""
        await self._pool.open()

    async def disconnect(self) -> None:
        """Let go of the connections."""
        await self._pool.close()

    async def open(self, digest: str, purpose: Literal["session", "ticket"], signed_in: SignedIn) -> None:
        """Remember a session or a ticket."""
        await self._rows(_FORGET_EXPIRED)
        await self._rows(_OPEN, digest, purpose, signed_in.key_id, signed_in.expires_at)

    async def find(self, digest: str) -> SignedIn | None:
        """Return who has this session."""
        rows = await self._rows(_FIND, digest)
        return SignedIn(**rows[0]) if rows else None

    async def redeem(self, digest: str) -> SignedIn | None:
        """Return who has this ticket; of two that try at once, one gets it."""
        rows = await self._rows(_REDEEM, digest)
        return SignedIn(**rows[0]) if rows else None

    async def close(self, digest: str) -> None:
        """Forget a session."""
        await self._rows(_CLOSE, digest)

    async def closed(self) -> AsyncIterator[str | None]:
        """Yield each session that is closed, in whichever process; None after the connection was lost, and at first."""
        while True:
            with contextlib.suppress(OperationalError):
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
            await asyncio.sleep(_RECONNECT_S)

    async def _rows(self, query: LiteralString, *values: Any) -> list[DictRow]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query, values, prepare=True)
                return await cursor.fetchall() if cursor.description else []
        except OperationalError as error:
            raise Unavailable("cannot look up sessions at the moment; retry later") from error
