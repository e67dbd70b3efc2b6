"""The event store on Postgres, for asyncio: a group-commit writer and a few reader threads."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import datetime
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import orjson
from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import EventStore, InterfaceError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from adapters.event_store.loading import Loader
from adapters.event_store.mapper import OrjsonMapper
from adapters.event_store.recorder import EventRecorder, encode
from adapters.event_store.writer import GroupWriter
from adapters.vault import Sealed, Vault
from domain.aggregate import Aggregate, Claim, Conditions, upcast
from domain.errors import Unavailable
from domain.store import Append, Cause, Receipt, Recorded

T = TypeVar("T")
_LOST = (OperationalError, InterfaceError)

LOG: LiteralString = """
    SELECT notification_id AS position, originator_id AS resource_id, originator_version AS version,
           topic AS type, state::text AS payload, account_id, actor, source_ip, request_id, correlation_id,
           causation, recorded_at
    FROM events"""


class PostgresEventStore:
    """Implements ``domain.store.EventStore``. Use ``migrate`` first."""

    def __init__(
        self,
        conninfo: str,
        vault: Vault,
        *,
        readers: int = 4,
        on_append: Callable[[float], object] = lambda _: None,
    ) -> None:
        """``on_append`` is called with the duration of each save in seconds."""
        self._datastore = datastore(conninfo, pool_size=readers)
        self._recorder = EventRecorder(self._datastore)
        self._mapper = OrjsonMapper()
        self._events = EventStore[UUID](self._mapper, self._recorder)
        self._loader = Loader(self._events)
        self._writer = GroupWriter(conninfo)
        self._threads = ThreadPoolExecutor(readers, thread_name_prefix="event-reader")
        self._vault = vault
        self._on_append = on_append

    async def close(self) -> None:
        """Write pending saves and close the connections."""
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._threads.shutdown()
        self._datastore.close()

    async def append(self, append: Append) -> Receipt:
        """Write one save; see ``domain.store.EventStore.append``."""
        stored = [self._mapper.to_stored_event(event) for event in append.events]
        save = encode(stored, append.cause, self._more(append))
        started = time.perf_counter()
        outcome = await self._writer.write(save)
        if outcome.error is not None:
            raise outcome.error
        self._on_append(time.perf_counter() - started)
        assert outcome.recorded_at is not None  # noqa: S101 - set whenever there is no error
        events = _written(stored, append.cause, outcome.positions, outcome.recorded_at)
        return Receipt(outcome.positions, outcome.recorded_at, events)

    def _more(self, append: Append) -> dict[str, Any]:
        more = _conditions(append.conditions)
        if append.secrets:
            sealed = {id_: self._vault.seal(value) for id_, value in append.secrets.items()}
            more["secrets"] = [
                {
                    "id": id_,
                    "owner": append.owner,
                    "key": b64encode(secret.key).decode(),
                    "value": b64encode(secret.value).decode(),
                }
                for id_, secret in sealed.items()
            ]
        return more

    async def load(self, resource_id: UUID) -> Aggregate | None:
        """Return the current aggregate."""
        return await self._in_thread(self._loader.load, resource_id)

    async def claim(self, scope: str, key: str) -> Claim | None:
        """Return the owner of a claimed key."""
        rows = await self._rows(
            "SELECT scope, key, owner, note FROM claims WHERE scope = %s AND key = %s", scope, key
        )
        return Claim(**rows[0]) if rows else None

    async def claims(self, scope: str) -> list[Claim]:
        """Return every claim in a scope, by key."""
        rows = await self._rows(
            "SELECT scope, key, owner, note FROM claims WHERE scope = %s ORDER BY key", scope
        )
        return [Claim(**row) for row in rows]

    async def position_of(self, claim: Claim) -> int:
        """Return the position in the log at which a claim was acquired."""
        rows = await self._rows(
            "SELECT coalesce(max(e.notification_id), 0) AS position FROM events e, claims c"
            " WHERE c.scope = %s AND c.key = %s AND e.recorded_at <= c.claimed_at",
            claim.scope,
            claim.key,
        )
        return rows[0]["position"]

    async def forget_claims(self, scope_prefix: str, older_than_s: float) -> None:
        """Delete old claims whose scope has a prefix; for expired idempotency keys."""
        await self._rows(
            "DELETE FROM claims WHERE starts_with(scope, %s) AND claimed_at < now() - %s * interval '1 second'"
            " RETURNING key",
            scope_prefix,
            older_than_s,
        )

    async def secret(self, secret_id: UUID) -> bytes | None:
        """Return a decrypted secret, or None when it was erased."""
        rows = await self._rows(
            "SELECT sealed_key, sealed_value FROM secrets WHERE secret_id = %s", secret_id
        )
        if not rows:
            return None
        return self._vault.open(Sealed(bytes(rows[0]["sealed_key"]), bytes(rows[0]["sealed_value"])))

    async def events(self, resource_id: UUID, upto: int | None = None) -> list[Recorded]:
        """Return the events of a resource, oldest first."""
        rows = await self._rows(
            LOG + " WHERE originator_id = %s AND notification_id <= coalesce(%s, notification_id)"
            " ORDER BY originator_version",
            resource_id,
            upto,
        )
        return [recorded(row) for row in rows]

    async def walk(
        self, resource_id: UUID, visit: Callable[[Aggregate | None, CanMutateAggregate[UUID]], None]
    ) -> None:
        """Call ``visit`` for every event of a resource, oldest first, with its state before the event."""
        await self._in_thread(self._walk, resource_id, visit)

    def _walk(
        self, resource_id: UUID, visit: Callable[[Aggregate | None, CanMutateAggregate[UUID]], None]
    ) -> None:
        before: Aggregate | None = None
        for stored in self._events.get(resource_id):
            event = cast("CanMutateAggregate[UUID]", stored)
            visit(before, event)
            before = event.mutate(before)

    async def head(self) -> int:
        """Return the position of the newest event."""
        rows = await self._rows("SELECT coalesce(max(notification_id), 0) AS head FROM events")
        return rows[0]["head"]

    async def _rows(self, query: LiteralString, *values: Any) -> list[dict[str, Any]]:
        return await self._in_thread(self._query, query, values)

    def _query(self, query: LiteralString, values: Sequence[Any]) -> list[dict[str, Any]]:
        with self._datastore.get_connection() as connection:
            return connection.execute(query, values, prepare=True).fetchall()

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except _LOST:
            # After a restart of Postgres every pooled connection is dead: check all of them once.
            await asyncio.get_running_loop().run_in_executor(self._threads, self._datastore.pool.check)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except _LOST as error:
            raise Unavailable("cannot reach the event store at the moment; retry later") from error


def datastore(conninfo: str, *, pool_size: int) -> PostgresDatastore:
    """Return the library's connection pool for a database."""
    made = PostgresDatastore("", "", "", "", "", pool_size=pool_size, max_overflow=0, connect_timeout=10)
    # The library's own parameters are incomplete: they would lose an `sslmode`.
    made.pool.kwargs = {**conninfo_to_dict(conninfo), "row_factory": dict_row}
    return made


def recorded(row: dict[str, Any]) -> Recorded:
    """Return a row of the log as an event, its payload in the newest version."""
    row["payload"] = upcast(row["type"], orjson.loads(row["payload"]))
    return Recorded(**row)


def _written(
    stored: Sequence[StoredEvent], cause: Cause, positions: Sequence[int], at: datetime
) -> list[Recorded]:
    return [
        Recorded(
            position,
            cast("UUID", event.originator_id),
            event.originator_version,
            event.topic,
            upcast(event.topic, orjson.loads(event.state)),
            cause.account_id,
            cause.actor,
            cause.source_ip,
            cause.request_id,
            cause.correlation_id,
            cause.causation,
            at,
        )
        for event, position in zip(stored, positions, strict=True)
    ]


def _conditions(conditions: Sequence[Conditions]) -> dict[str, Any]:
    merged: dict[str, list[Any]] = {}
    for each in conditions:
        for field in fields(each):
            if values := getattr(each, field.name):
                merged.setdefault(field.name, []).extend(values)
    return merged
