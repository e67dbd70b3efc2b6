"""Rebuilds the read model from the log: folds all events, copies the result into a new schema, and renames it."""

import gc
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.sql import SQL, Identifier

from domain.aggregate import upcast
from domain.store import Recorded
from projections import inventory
from projections.document import Document, fold, has_ended, life

_LOG = (
    "SELECT notification_id, originator_id, originator_version, topic, state::text, account_id, actor, recorded_at"
    " FROM events WHERE notification_id <= %s ORDER BY notification_id"
)
_PAGE = 1000


def create(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make an empty read model in a schema, without its indexes: they are built faster over what is there."""
    connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    connection.execute(SQL("SET LOCAL search_path = {}, public").format(Identifier(schema)))
    connection.execute(inventory.SQL["create"])
    connection.execute("UPDATE progress SET shape = %s", (inventory.SHAPE,))


def ensure(conninfo: str) -> bool:
    """Ensure a read model with the shape of this code, built from the log if needed; return whether it was built."""
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
    lives: dict[UUID, _Life] = {}
    # The log is read on a connection of its own: this one is busy taking rows.
    with (
        psycopg.connect(connection.info.dsn, password=connection.info.password) as log,
        # An event that cannot be folded must not leave a reader behind that keeps its connection busy.
        closing(read(log, upto)) as events,
        connection.cursor() as cursor,
        cursor.copy(inventory.SQL["copy_versions"]) as copy,
        _garbage_left_alone(),
    ):
        count = 0
        versions = _versions(events, lives)
        while page := b"".join(islice(versions, _PAGE)):
            copy.write(page)
            count += page.count(b"\n")
    with connection.cursor() as cursor, cursor.copy(inventory.SQL["copy_resources"]) as copy:
        for resource in lives.values():
            for span in resource.spans:
                copy.write_row(list(span.values()))
    connection.execute(inventory.SQL["index"])
    connection.execute("UPDATE progress SET position = %s", (upto,))
    return count


def switch(connection: psycopg.Connection[Any], schema: str) -> None:
    """Replace the read model by a schema, and drop the old one."""
    connection.execute("DROP SCHEMA IF EXISTS read_model CASCADE")
    connection.execute(SQL("ALTER SCHEMA {} RENAME TO read_model").format(Identifier(schema)))


def read(connection: psycopg.Connection[Any], upto: int) -> Generator[Recorded]:
    """Yield the log up to a position."""
    loads = orjson.loads
    with connection.cursor() as cursor:
        # Streamed, so that the server reads on while we fold; binary, so that nothing is parsed twice.
        for row in cursor.stream(_LOG, (upto,), binary=True, size=_PAGE):
            position, resource_id, version, type_, payload, account, actor, recorded_at = row
            yield Recorded(
                position,
                resource_id,
                version,
                type_,
                upcast(type_, loads(payload)),
                account,
                actor,
                None,
                None,
                None,
                None,
                recorded_at,
            )


@dataclass(slots=True)
class _Life:
    """What is remembered of a resource: one look-up an event, because that is what the time goes into."""

    text: bytes
    document: Document
    spans: list[dict[str, Any]]


def _versions(events: Iterable[Recorded], lives: dict[UUID, _Life]) -> Iterator[bytes]:
    """Yield each version as a line of COPY, and note each resource."""
    for event in events:
        resource = lives.get(event.resource_id)
        if resource is None:
            id_, document = event.resource_id, fold(None, event)
            spans = [span] if (span := inventory.begun_span(id_, document, None)) else []
            resource = lives[id_] = _Life(str(id_).encode(), document, spans)
        else:
            before, document = resource.document, fold(resource.document, event)
            resource.document = document
            if not has_ended(before) and life(before) != life(document):
                inventory.end_span(resource.spans[-1], event.position)
                resource.spans += (
                    [span] if (span := inventory.begun_span(event.resource_id, document, before)) else []
                )
        # By hand, because psycopg spends more on a row than the fold: JSON has no control characters to escape.
        json = orjson.dumps(document).replace(b"\\", b"\\\\")
        yield b"%s\t%d\t%s\n" % (resource.text, event.position, json)


@contextmanager
def _garbage_left_alone() -> Generator[None]:
    """Keep the collector from walking over every document again and again: none of them is in a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _head(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM events").fetchone()
    return row[0] if row else 0
