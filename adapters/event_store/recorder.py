"""The eventsourcing library's recorder over our table: JSONB, envelope columns, one server-side call per batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import retry
from psycopg.sql import SQL, Composed

from domain.aggregate import Claim
from domain.store import Cause, ClaimTaken, RequirementMissing, ScopeInUse, VersionConflict

APPEND: LiteralString = "SELECT * FROM append_events(%s::text::jsonb)"
_NOBODY = Cause(actor="system:library", account_id="")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one save in a batch: positions, or the error with the failed condition."""

    positions: tuple[int, ...]
    recorded_at: datetime | None
    error: Exception | None


class EventRecorder(PostgresApplicationRecorder):
    """Writes through ``append_events``; the library's own database functions are never used."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, events_table_name="events")
        if datastore.enable_db_functions:
            raise ValueError("cannot use the library's database functions: they lose events")
        # Tables come from adapters/migrations, the composite type of the library is not used.
        self.sql_create_statements = []
        self.datastore.db_type_names.clear()
        columns = "originator_id, originator_version, topic, convert_to(state::text, 'UTF8') AS state"
        self.select_events_statement = Composed(
            [SQL("SELECT "), SQL(columns), SQL(" FROM events WHERE originator_id = %s")]
        )
        self._select_log = Composed([SQL("SELECT notification_id, "), SQL(columns), SQL(" FROM events")])

    def append(self, batch: Sequence[bytes]) -> list[Outcome]:
        """Write a batch of saves, as returned by ``encode``, in one transaction.

        Not repeated on a lost connection: it is then unknown whether the batch was written, and only the caller's
        idempotency key can resolve that.
        """
        with self.datastore.get_connection() as connection:
            return outcomes(connection.execute(APPEND, (parameter(batch),), prepare=True).fetchall())

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Write the events of one save; the interface of the library. Raises IntegrityError on a version conflict."""
        if not stored_events:
            return []
        (outcome,) = self.append([encode(stored_events, kwargs.get("cause", _NOBODY))])
        if isinstance(outcome.error, VersionConflict):
            raise IntegrityError(str(outcome.error))
        if outcome.error is not None:
            raise outcome.error
        return list(outcome.positions)

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        """Return events in commit order."""
        conditions: list[SQL] = []
        values: list[Any] = []
        if start is not None:
            conditions.append(SQL("notification_id >= %s" if inclusive_of_start else "notification_id > %s"))
            values.append(start)
        if stop is not None:
            conditions.append(SQL("notification_id <= %s"))
            values.append(stop)
        if topics:
            conditions.append(SQL("topic = ANY(%s)"))
            values.append(list(topics))
        where = Composed([SQL(" WHERE "), SQL(" AND ").join(conditions)]) if conditions else SQL("")
        query = Composed([self._select_log, where, SQL(" ORDER BY notification_id LIMIT %s")])
        with self.datastore.get_connection() as connection:
            rows = connection.execute(query, [*values, limit], prepare=True).fetchall()
        return [
            Notification(
                row["originator_id"],
                row["originator_version"],
                row["topic"],
                bytes(row["state"]),
                row["notification_id"],
            )
            for row in rows
        ]


def encode(events: Sequence[StoredEvent], cause: Cause, more: dict[str, Any] | None = None) -> bytes:
    """Return one save as ``append_events`` reads it; ``more`` holds claims, releases, requires, secrets …"""
    rows = b",".join(
        b'{"i":"%s","v":%d,"t":"%s","s":%s}'
        % (str(e.originator_id).encode(), e.originator_version, e.topic.encode(), e.state)
        for e in events
    )
    head = orjson.dumps({"cause": cause, **(more or {})})
    return b'%s,"events":[%s]}' % (head[:-1], rows)


def parameter(saves: Sequence[bytes]) -> str:
    """Return a batch of saves as the parameter of ``append_events``."""
    return "[" + b",".join(saves).decode() + "]"


def outcomes(rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Return the result of ``append_events`` for each save."""
    return [_outcome(row) for row in rows]


def _outcome(row: dict[str, Any]) -> Outcome:
    if row["problem"] is None:
        return Outcome(tuple(row["positions"]), row["at"], None)
    return Outcome((), None, _error(row["problem"], row["detail"]))


def _error(problem: str, detail: Any) -> Exception:
    match problem:
        case "claim":
            return ClaimTaken(Claim(detail["scope"], detail["key"], UUID(detail["owner"]), detail["note"]))
        case "requirement":
            return RequirementMissing(Claim(detail["scope"], detail["key"], UUID(detail["owner"])))
        case "in_use":
            return ScopeInUse(detail)
        case _:
            return VersionConflict(f"cannot save: {detail} was broken")
