"""The schema is brought up to date once, whoever starts first, and never behind its own back."""

import subprocess
import sys

import psycopg
import pytest

from adapters.event_store import migrate
from adapters.event_store.migrations import StoreTooNew, migrations
from tests.adapters import stores

_STARTING = "import sys; from adapters.event_store import migrate; print(migrate(sys.stdin.read()))"
_SHAPE = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1, 2"
)


def test_processes_that_start_together_apply_it_once(database_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _STARTING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(database_url)
        process.stdin.close()
        process.stdin = None
    ends = [process.communicate(timeout=stores.DEADLINE_S) for process in processes]
    assert [out for out, _ in ends] == [f"{max(migrations())}\n"] * 4, ends
    assert _applied(database_url) == list(migrations())


def test_a_second_start_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == max(migrations())
    applied = stores.rows(database_url, "SELECT * FROM migrations ORDER BY version")
    shape = stores.rows(database_url, _SHAPE)
    assert migrate(database_url) == max(migrations())
    assert stores.rows(database_url, "SELECT * FROM migrations ORDER BY version") == applied
    assert stores.rows(database_url, _SHAPE) == shape


def test_a_store_of_a_newer_miniaws_is_refused_and_left_alone(database_url: str) -> None:
    migrate(database_url)
    stores.rows(database_url, "INSERT INTO migrations (version) VALUES (9999)")
    with pytest.raises(
        StoreTooNew, match=r"cannot open the store: it has version 9999, this miniaws knows \d+"
    ):
        migrate(database_url)
    assert _applied(database_url) == [*migrations(), 9999]


def test_a_migration_that_fails_leaves_nothing_half_done(database_url: str) -> None:
    stores.rows(database_url, "CREATE TABLE work (of_somebody_else text)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(database_url)
    tables = stores.rows(database_url, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    assert [table["name"] for table in tables] == ["work"]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert list(migrations()) == list(range(1, len(migrations()) + 1))


def _applied(url: str) -> list[int]:
    return [row["version"] for row in stores.rows(url, "SELECT version FROM migrations ORDER BY version")]
