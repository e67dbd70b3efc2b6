"""Builds the read model anew from the log: fold everything, COPY it into a schema of its own, switch names."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.sql import SQL, Identifier

from domain.aggregate import upcast
from domain.store import Recorded
from projections import inventory
from projections.document import Document, fold, has_ended

_LOG = (
    "SELECT notification_id, originator_id, originator_version, topic, state::text, account_id, actor, recorded_at"
    " FROM events WHERE notification_id <= %s ORDER BY notification_id"
)
_Row = tuple[int, UUID, int, str, str, str, str, datetime]
_PAGE = 5000


def create(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make an empty read model in a schema."""
    connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    connection.execute(SQL("SET LOCAL search_path = {}, public").format(Identifier(schema)))
    for statement in inventory.SQL["create"].split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("UPDATE progress SET shape = %s", (inventory.SHAPE,))


def ensure(conninfo: str) -> bool:
    """Have a read model of this code's shape, built from the log when there is none; tell whether it was built."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7204, 0)")
        row = connection.execute("SELECT to_regclass('read_model.progress')").fetchone()
        if row and row[0] is not None:
            shape = connection.execute("SELECT shape FROM read_model.progress").fetchone()
            if shape and shape[0] == inventory.SHAPE:
                return False
        build(connection, "read_model_next", _head(connection))
        switch(connection, "read_model_next")
    return True


def build(connection: psycopg.Connection[Any], schema: str, upto: int) -> int:
    """Fold the log up to a position into a new schema and return how many events that were."""
    connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))
    create(connection, schema)
    latest: dict[UUID, Document] = {}
    resources: dict[UUID, list[Any]] = {}
    count = 0
    # The log is read on a connection of its own: this one is busy taking rows.
    with (
        psycopg.connect(connection.info.dsn, password=connection.info.password) as log,
        connection.cursor() as cursor,
        cursor.copy(inventory.SQL["copy_versions"]) as copy,
    ):
        for event in read(log, upto):
            known = latest.get(event.resource_id)
            document = latest[event.resource_id] = fold(known, event)
            if known is None:
                resources[event.resource_id] = list(inventory.resource_row(event.resource_id, document))
            elif has_ended(document) and resources[event.resource_id][-1] is None:
                resources[event.resource_id][-1] = event.position
            copy.write_row((event.resource_id, event.position, orjson.dumps(document).decode()))
            count += 1
    with connection.cursor() as cursor, cursor.copy(inventory.SQL["copy_resources"]) as copy:
        for row in resources.values():
            copy.write_row(row)
    connection.execute("UPDATE progress SET position = %s", (upto,))
    return count


def switch(connection: psycopg.Connection[Any], schema: str) -> None:
    """Let a schema become the read model; the old one goes."""
    connection.execute("DROP SCHEMA IF EXISTS read_model CASCADE")
    connection.execute(SQL("ALTER SCHEMA {} RENAME TO read_model").format(Identifier(schema)))


def read(connection: psycopg.Connection[Any], upto: int) -> Iterator[Recorded]:
    """Yield the log up to a position."""
    with connection.cursor(name="log") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_LOG, (upto,))
        row: _Row
        for row in cursor:
            position, resource_id, version, type_, payload, account, actor, recorded_at = row
            yield Recorded(
                position,
                resource_id,
                version,
                type_,
                upcast(type_, orjson.loads(payload)),
                account,
                actor,
                None,
                None,
                None,
                None,
                recorded_at,
            )


def _head(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM events").fetchone()
    return row[0] if row else 0
