"""Moments: before the first event is an empty cloud, the future is refused, and an answer never changes."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg

from tests.time.conftest import Remembering

WRONG: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("/api/resources", {"as_of": "2099-01-01T00:00:00Z"}, "as_of", "must be in the past, not"),
    ("/api/resources", {"as_of": "9999-12-31T23:59:59-14:00"}, "as_of", "must be in the past, not"),
    ("/api/resources", {"as_of": "yesterday"}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": ""}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": "2026-01-01T00:00:00"}, "as_of", "time zone"),
    ("/api/resources", {"as_of": "2026-13-01T00:00:00Z"}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": "-1"}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": "1" * 30}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": "\N{ARABIC-INDIC DIGIT ONE}"}, "as_of", "RFC 3339"),
    ("/api/resources", {"as_of": 99999}, "as_of", "the position of the newest event"),
    ("/api/resources", {"kind": "castle"}, "kind", "must be one of vpc"),
    ("/api/resources", {"tag": "alone"}, "tag", "key=value"),
    ("/api/instances", {"as_of": 99999}, "as_of", "the position of the newest event"),
    ("/api/instances", {"min_position": 99999}, "min_position", "the position of the newest event"),
    ("/api/timeline", {"from": 3, "to": 1}, "from", "must not be after `to`"),
    ("/api/timeline", {"from": 99999}, "from", "the position of the newest event"),
    ("/api/timeline", {"to": "soon"}, "to", "RFC 3339"),
    ("/api/timeline", {"kind": "castle"}, "kind", "must be one of vpc"),
    ("/api/timeline", {"type": "instance.flown"}, "type", "docs/events.md"),
    ("/api/timeline", {"limit": 0}, "limit", "must be from 1 to 1000, not 0"),
    ("/api/timeline", {"limit": 1001}, "limit", "must be from 1 to 1000, not 1001"),
    ("/api/timeline", {"order": "random"}, "order", "newest"),
    ("/api/timeline", {"resource": ""}, "resource", "at least 1 character"),
    ("/api/timeline", {"cursor": "abc"}, "cursor", "another query"),
    ("/api/diff", {}, "from", "must be given"),
    ("/api/diff", {"from": 3, "to": 1}, "from", "must not be after `to`"),
    ("/api/diff", {"from": 1, "tag": "alone"}, "tag", "key=value"),
    ("/api/diff", {"from": 1, "kind": "castle"}, "kind", "must be one of vpc"),
    ("/api/diff", {"from": 1, "to": "2099-01-01T00:00:00Z"}, "to", "must be in the past, not"),
)
MISSING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/timeline", {"resource": "web-9"}),
    ("/api/timeline", {"resource": "i-aaaaaaaaaaaaaaaaaaaaaaaaaa"}),
    ("/api/timeline", {"actor": "nobody"}),
    ("/api/diff", {"from": 1, "resource": "web-9"}),
    ("/api/resources/web-9/why", {}),
    ("/api/resources/web-9/history", {}),
    ("/api/resources/default/why", {"as_of": 0}),
    ("/api/resources/default/why", {"kind": "instance"}),
    ("/api/vpcs/default", {"as_of": 0}),
)


def test_what_is_wrong_is_told(cloud: Remembering) -> None:
    async def ask() -> None:
        for path, params, field, words in WRONG:
            answer = await cloud.http.get(path, params=params)
            problem = answer.json()
            assert answer.status_code == 422, (path, params, problem)
            assert problem["field"] == field, (path, params, problem)
            assert words in problem["detail"], (path, params, problem)
        for path, params in MISSING:
            answer = await cloud.http.get(path, params=params)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (path, params)
        nul = await cloud.http.get("/api/timeline?text=%00")
        assert (nul.status_code, nul.json()["code"]) == (400, "malformed_url")

    cloud.run(ask())


def test_before_the_first_event_is_an_empty_cloud(cloud: Remembering) -> None:
    async def look() -> None:
        first = cloud.query("SELECT min(recorded_at) FROM events")[0][0]
        moments = (0, (first - timedelta(microseconds=1)).isoformat(), "0001-01-01T00:00:00+14:00")
        for moment in moments:
            page = await cloud.get("/api/resources", as_of=moment, ended=True)
            assert page == {"items": [], "position": 0, "next_cursor": None}
            assert (await cloud.get("/api/timeline", to=moment))["items"] == []
        at_first = await cloud.get("/api/resources", as_of=first.isoformat())
        assert at_first["items"]
        found = await cloud.get("/api/diff", None, **{"from": 0})
        assert found["counts"] == {"created": 4, "deleted": 0, "changed": 0}

    cloud.run(look())


def test_a_name_alone_will_do_where_one_kind_bears_it(cloud: Remembering) -> None:
    async def ask() -> None:
        await cloud.launch("same")
        first = await cloud.get("/api/resources/same")
        assert first["kind"] == "instance"
        await cloud.post("/api/volumes", {"name": "same", "size_gb": 1})
        answer = await cloud.http.get("/api/resources/same/why")
        assert (answer.status_code, answer.json()["field"]) == (422, "kind")
        assert "instance, volume" in answer.json()["detail"]
        assert (await cloud.get("/api/resources/same", kind="volume"))["kind"] == "volume"
        assert (await cloud.get("/api/resources/same", as_of=first["position"]))["kind"] == "instance"
        ended = await cloud.http.delete("/api/volumes/same", headers={"Prefer": "wait=20"})
        assert ended.json()["status"] == "deleted"
        assert (await cloud.get("/api/resources/same"))["kind"] == "instance"

    cloud.run(ask())


def test_the_name_of_a_database_is_not_that_of_its_archive(cloud: Remembering) -> None:
    async def ask() -> None:
        await cloud.post("/api/databases", {"name": "orders"}, wait=0)
        assert (await cloud.get("/api/resources/orders/why"))["kind"] == "database"
        assert (await cloud.get("/api/resources/orders"))["kind"] == "database"
        assert (await cloud.get("/api/resources/orders", kind="archive"))["kind"] == "archive"
        await cloud.post("/api/volumes", {"name": "orders"})
        answer = await cloud.http.get("/api/resources/orders")
        assert answer.status_code == 422
        assert "one of database, volume" in answer.json()["detail"]

    cloud.run(ask())


WRITE = """
    INSERT INTO events (originator_id, originator_version, topic, state, account_id, actor, recorded_at)
    SELECT originator_id, max(originator_version) + 1, 'vpc.tags_changed',
           jsonb_build_object('timestamp', now(), 'tags', '{"late": "yes"}'::jsonb), 'main', 'key-of-a-test',
           clock_timestamp()
    FROM events WHERE topic LIKE 'vpc.%' GROUP BY originator_id LIMIT 1
    RETURNING notification_id"""
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7202 AND NOT granted"


def test_an_instant_waits_for_what_bears_an_earlier_one(cloud: Remembering) -> None:
    async def race() -> None:
        with psycopg.connect(cloud.database_url) as slow:
            # As a save that was stamped and is not yet on disk.
            slow.execute("SELECT pg_advisory_xact_lock(7202, 1)")
            row = slow.execute(WRITE).fetchone()
            assert row is not None
            (now,) = cloud.query("SELECT clock_timestamp()")[0]
            asking = asyncio.create_task(cloud.get("/api/vpcs/default", as_of=now.isoformat()))

            async def waits() -> bool:
                return cloud.query(WAITS)[0][0] == 1

            await cloud.until(waits, "the read waits for the save")
            slow.execute("SELECT pg_notify('events', '')")
            slow.commit()
        found = await asking
        assert found["tags"] == {"late": "yes"}
        assert found == await cloud.get("/api/vpcs/default", as_of=now.isoformat())
        assert found["position"] == row[0]

    cloud.run(race())
