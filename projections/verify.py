"""Compares the read model with one that is rebuilt from the log at the same position."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg.sql import SQL, Identifier

from projections import rebuild
from projections.changes import changes
from projections.inventory import SCHEMA
from projections.sql import queries

_SQL = queries("verify")
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and a sentence for each row that differs; at most a hundred of a table."""

    position: int
    events: int
    differences: list[str] = field(default_factory=list[str])


def compare(conninfo: str) -> Comparison:
    """Rebuild the read model beside the live one and compare the two row by row.

    Everything is read at one moment, while reads and writes continue; the rebuilt model is discarded.
    """
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute("SELECT position FROM read_model.progress").fetchone()
        assert row is not None  # noqa: S101 - one row is made with the table
        schema = f"read_model_verify_{os.getpid()}"
        try:
            count = rebuild.build(connection, schema, row[0])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            connection.rollback()
            sentence = f"the log cannot be folded: {type(error).__name__} {error}"
            return Comparison(row[0], 0, [sentence])
        connection.execute(SQL("SET LOCAL search_path = {}, public").format(Identifier(schema)))
        differences = [*_versions(connection), *_resources(connection)]
        connection.rollback()
    return Comparison(row[0], count, differences)


def _versions(connection: psycopg.Connection[Any]) -> Iterator[str]:
    live = SQL(_SQL["versions"]).format(live=Identifier(SCHEMA))
    for id_, position, kept, built in connection.execute(live, {"limit": _SHOWN}):
        about = f"version of {id_} at position {position}"
        if kept is None:
            yield f"the {about} is missing"
        elif built is None:
            yield f"the {about} has no event"
        else:
            yield from _fields(about, orjson.loads(kept), orjson.loads(built))


def _fields(about: str, kept: dict[str, Any], built: dict[str, Any]) -> Iterator[str]:
    for change in changes(kept, built, bookkeeping=True):
        yield (
            f"{change['field']} in the {about} is {change.get('before', 'missing')!r}, "
            f"the log says {change.get('after', 'nothing')!r}"
        )


def _resources(connection: psycopg.Connection[Any]) -> Iterator[str]:
    live = SQL(_SQL["resources"]).format(live=Identifier(SCHEMA))
    for id_, kept, built in connection.execute(live, {"limit": _SHOWN}):
        yield f"the row of {id_} is {kept or 'missing'}, the log says {built or 'nothing'}"
