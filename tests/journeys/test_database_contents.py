"""Contents of a restored database besides tables: large objects, extensions, text of every language."""

import hashlib
import itertools
from typing import Any

from tests.journeys.running_cloud import RunningCloud
from tests.journeys.test_database import ask_restore, await_status, connected, create, url

LARGE = bytes(range(256)) * 20_000
WORDS = "Zoë 東京 🌊"


def test_a_restored_database_is_restored_again_with_all_it_holds(cloud: RunningCloud) -> None:
    create(cloud, "first")
    with connected(url(cloud, "first")) as cursor:
        cursor.execute("create extension hstore")
        cursor.execute("create extension pg_trgm")
        cursor.execute("create table kept (place text, tags hstore, large oid)")
        cursor.execute(
            "insert into kept values (%s, hstore(%s, %s), lo_from_bytea(0, %s))", (WORDS, "a", WORDS, LARGE)
        )
    names = ("first", "second", "third")
    for source, name in itertools.pairwise(names):
        ask_restore(cloud, source, name)
        await_status(cloud, name, "available")
        with connected(url(cloud, name)) as cursor:
            held(cursor)
            cursor.execute("insert into kept values (%s, null, null)", (name,))
    with connected(url(cloud, "third")) as cursor:
        cursor.execute("select place from kept where large is null order by place")
        assert [row[0] for row in cursor.fetchall()] == ["second", "third"]
        assert cursor.execute("show server_encoding").fetchone() == ("UTF8",)
    with connected(url(cloud, "first")) as cursor:
        assert cursor.execute("select count(*) from kept").fetchone() == (1,)


def held(cursor: Any) -> None:
    """Read the contents of the original."""
    cursor.execute(
        "select place, tags -> 'a', lo_get(large), similarity(place, %s) from kept where large > 0", (WORDS,)
    )
    place, tag, large, similarity = cursor.fetchone()
    assert (place, tag, similarity) == (WORDS, WORDS, 1)
    assert hashlib.sha256(large).digest() == hashlib.sha256(LARGE).digest()
