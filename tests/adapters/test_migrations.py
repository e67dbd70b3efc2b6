"""The schema is migrated once, whichever process starts first, and never downgraded."""

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


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """A database without tables."""
    return empty_database_url


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
        StoreTooNew,
        match=r"cannot open the store: it has version 9999, this version of miniaws supports up to \d+",
    ):
        migrate(database_url)
    assert _applied(database_url) == [*migrations(), 9999]


def test_a_migration_that_fails_leaves_nothing_half_done(database_url: str) -> None:
    stores.rows(database_url, "CREATE TABLE work (of_somebody_else text)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(database_url)
    tables = stores.rows(database_url, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    assert [table["name"] for table in tables] == ["work"]


def test_sessions_of_before_session_families_are_gone_and_new_ones_end_with_their_parent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: text for number, text in migrations().items() if number < 7}
    with monkeypatch.context() as patch:
        patch.setattr("adapters.event_store.migrations.migrations", lambda: before)
        migrate(database_url)
    stores.rows(
        database_url,
        "INSERT INTO sessions (digest, purpose, key_id, expires_at)"
        " VALUES ('cookie', 'session', gen_random_uuid(), now() + interval '1 hour')",
    )
    migrate(database_url)
    assert stores.rows(database_url, "SELECT digest FROM sessions") == []
    stores.rows(
        database_url,
        "INSERT INTO sessions (digest, purpose, key_id, expires_at, parent)"
        " SELECT digest, 'session', gen_random_uuid(), now() + interval '1 hour', parent"
        " FROM (VALUES ('first', NULL), ('second', 'first'), ('third', 'second'), ('other', NULL))"
        " AS given (digest, parent)",
    )
    with psycopg.connect(database_url, autocommit=True) as listening:
        listening.execute("LISTEN session_closed")
        stores.rows(database_url, "DELETE FROM sessions WHERE digest = 'first'")
        told = {each.payload for each in listening.notifies(timeout=stores.DEADLINE_S, stop_after=3)}
    assert told == {"first", "second", "third"}
    assert stores.rows(database_url, "SELECT digest FROM sessions") == [{"digest": "other"}]


def test_points_of_load_balancers_are_kept_when_their_tables_are_partitioned(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: text for number, text in migrations().items() if number < 8}
    with monkeypatch.context() as patch:
        patch.setattr("adapters.event_store.migrations.migrations", lambda: before)
        migrate(database_url)
    stores.rows(
        database_url,
        "INSERT INTO traffic_second SELECT gen_random_uuid(), 'default', at, 1, 2, 3, 4, 5, 6, NULL, 7"
        " FROM (VALUES ('2026-11-23 12:59:59.9Z'::timestamptz), ('2026-11-23 13:00Z')) AS given (at)",
    )
    stores.rows(
        database_url,
        "INSERT INTO traffic_minute SELECT *, 60 FROM traffic_second WHERE at = '2026-11-23 13:00Z'",
    )
    seconds, minutes = (
        stores.table(database_url, "public", f"traffic_{each}") for each in ("second", "minute")
    )
    migrate(database_url)
    assert (len(seconds), len(minutes)) == (2, 1)
    assert stores.table(database_url, "public", "traffic_second") == seconds
    assert stores.table(database_url, "public", "traffic_minute") == minutes
    found = stores.rows(
        database_url,
        "SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY relname",
    )
    # The names and ranges that the recorder would have used.
    assert [row["name"] for row in found] == [
        "traffic_minute_2026112300",
        "traffic_second_2026112312",
        "traffic_second_2026112313",
    ]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert list(migrations()) == list(range(1, len(migrations()) + 1))


def _applied(url: str) -> list[int]:
    return [row["version"] for row in stores.rows(url, "SELECT version FROM migrations ORDER BY version")]
