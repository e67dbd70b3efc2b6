"""Migrates the schema of the event store to the version of this code, once, whichever process starts first."""

import re
from importlib.resources import files
from typing import LiteralString, cast

import psycopg

from domain.errors import PortError

_FILE = re.compile(r"(\d{4})_\w+\.up\.sql")
_LOCK = 7201  # with append_events' 7202 the only advisory lock classes of the project; controllers use 7203


class StoreTooNew(PortError):
    """The store was written by a newer version of miniaws, and cannot be read by this one."""


def migrations() -> dict[int, LiteralString]:
    """Return the SQL of every migration by number."""
    found: dict[int, LiteralString] = {}
    for file in files("adapters.migrations").iterdir():
        if match := _FILE.fullmatch(file.name):
            # The files are part of the program, so they are as safe as literals.
            found[int(match[1])] = cast("LiteralString", file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def migrate(conninfo: str) -> int:
    """Apply missing migrations, in one transaction under a lock, and return the version.

    Raises StoreTooNew when the store has a migration that this code does not know.
    """
    known = migrations()
    newest = max(known)
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        row = connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()
        version: int = row[0] if row else 0
        if version > newest:
            raise StoreTooNew(
                f"cannot open the store: it has version {version}, this version of miniaws supports up to {newest}; "
                "run the version that wrote it, or a newer one"
            )
        for number, sql in known.items():
            if number > version:
                connection.execute(sql)
                connection.execute("INSERT INTO migrations (version) VALUES (%s)", (number,))
    return newest
