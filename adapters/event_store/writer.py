"""Group commit: saves that arrive while one transaction is being written share the next one.

Each gets its own result. Measured: 16 writers reach several times the rate of one transaction per save,
because they share disk flushes; a single writer loses nothing, because no thread is involved.
"""

import asyncio
import select
from collections import deque
from collections.abc import Sequence

import psycopg
from psycopg.rows import DictRow, dict_row

from adapters.event_store.recorder import APPEND, Outcome, outcomes, parameter
from domain.errors import Unavailable

_MAX_BATCH = 64


class GroupWriter:
    """Writes on its own connection, in the event loop that first uses it."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[DictRow] | None = None
        self._waiting: deque[tuple[bytes, asyncio.Future[Outcome]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, save: bytes) -> Outcome:
        """Return the result of a save; its error is Unavailable when the result is unknown."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((save, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting(), name="event-writer")
        # A save is written even if its caller has disconnected; the result is then discarded.
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Write pending saves, then end."""
        if self._writing is not None:
            await self._writing
        await self._disconnect()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_MAX_BATCH, len(self._waiting)))]
            found = await self._write([save for save, _ in batch])
            for (_, future), outcome in zip(batch, found, strict=True):
                if not future.done():
                    future.set_result(outcome)

    async def _write(self, saves: Sequence[bytes]) -> list[Outcome]:
        try:
            return await self._append(saves)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await self._disconnect()
            return [_unknown(error) for _ in saves]
        except psycopg.Error as error:
            # Nothing was written. One save is invalid, and must not affect the others.
            if len(saves) > 1:
                return [outcome for save in saves for outcome in await self._write([save])]
            return [Outcome((), None, error)]
        except Exception as error:  # noqa: BLE001 - the callers get it, and the writer must not stop
            return [Outcome((), None, _failed(error)) for _ in saves]

    async def _append(self, saves: Sequence[bytes]) -> list[Outcome]:
        connection = await self._connected()
        cursor = await connection.execute(APPEND, (parameter(saves),), prepare=True)
        return outcomes(await cursor.fetchall())

    async def _connected(self) -> psycopg.AsyncConnection[DictRow]:
        if self._connection is not None and _was_cut(self._connection):
            await self._disconnect()
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection[DictRow].connect(
                self._conninfo,
                autocommit=True,
                row_factory=dict_row,
                connect_timeout=10,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _was_cut(connection: psycopg.AsyncConnection[DictRow]) -> bool:
    """Return whether the server has closed an idle connection, as in a restart; its last message says so."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _failed(error: Exception) -> Exception:
    """Return a new exception for one caller: an exception that is raised collects that caller's traceback."""
    failure = RuntimeError("cannot write a batch of saves: see the cause")
    failure.__cause__ = error
    return failure


def _unknown(error: Exception) -> Outcome:
    unavailable = Unavailable(
        "cannot reach the event store at the moment; retry with the same Idempotency-Key"
    )
    unavailable.__cause__ = error
    return Outcome((), None, unavailable)
