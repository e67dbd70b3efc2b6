"""What all GETs share: as-of reads, pages, and conditional requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.http.in_process import WAIT, Cloud, done, refused


async def _volumes(cloud: Cloud, count: int) -> list[str]:
    names = [f"v-{number:02}" for number in range(count)]
    for name in names:
        done(
            await cloud.admin.post("/api/volumes", json={"name": name, "tags": {"half": str(len(name) % 2)}})
        )
    return names


async def test_what_has_not_changed_is_not_sent_again(cloud: Cloud) -> None:
    answer = await cloud.admin.get("/api/vpcs/default")
    etag = answer.headers["etag"]
    for same in (etag, f'"0", {etag}', "*", f"W/{etag}"):
        unchanged = await cloud.admin.get("/api/vpcs/default", headers={"If-None-Match": same})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == etag
    changed = await cloud.admin.get("/api/vpcs/default", headers={"If-None-Match": '"0"'})
    assert changed.status_code == 200


async def test_a_resource_is_read_as_of_a_position_or_an_instant(cloud: Cloud) -> None:
    first = await cloud.admin.patch("/api/vpcs/default", json={"tags": {"n": "1"}})
    await cloud.admin.patch("/api/vpcs/default", json={"tags": {"n": "2"}})
    then = done(first)
    for moment in (str(then["position"]), then["updated_at"], then["updated_at"].replace("+00:00", "Z")):
        answer = await cloud.admin.get("/api/vpcs/default", params={"as_of": moment})
        assert answer.json() == then
        assert answer.headers["miniaws-position"] == first.headers["miniaws-position"]
    assert (await cloud.admin.get("/api/vpcs/default")).json()["tags"] == {"n": "2"}


async def test_before_the_first_event_there_was_nothing(cloud: Cloud) -> None:
    for moment in ("0", "2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        answer = await cloud.admin.get("/api/resources", params={"as_of": moment})
        assert answer.json() == {"items": [], "position": 0, "next_cursor": None}
        answer = await cloud.admin.get("/api/vpcs/default", params={"as_of": moment})
        refused(answer, 404, "not_found", "`default`")


async def test_the_future_cannot_be_read(cloud: Cloud) -> None:
    now = datetime.now(UTC)
    for moment in ((now + timedelta(minutes=1)).isoformat(), "9999-12-31T23:59:59-14:00"):
        answer = await cloud.admin.get("/api/vpcs", params={"as_of": moment})
        assert refused(answer, 422, "invalid", "must be in the past")["field"] == "as_of"
    head = (await cloud.admin.get("/health/ready")).json()["position"]
    for field in ("as_of", "min_position"):
        answer = await cloud.admin.get("/api/vpcs", params={field: head + 1000})
        problem = refused(answer, 422, "invalid", f"not {head + 1000}", "the position of the newest event")
        assert problem["field"] == field


async def test_what_is_no_moment_is_refused(cloud: Cloud) -> None:
    for moment in ["", "yesterday", "2026-11-23", "2026-11-23T10:02:11", "-1", "1.5", "²"]:
        answer = await cloud.admin.get("/api/vpcs", params={"as_of": moment})
        assert refused(answer, 422, "invalid", "RFC 3339", "2026-11-23T10:02:11Z")["field"] == "as_of"


async def test_a_read_waits_for_a_position(cloud: Cloud) -> None:
    document = done(await cloud.admin.post("/api/vpcs", json={"name": "web"}))
    answer = await cloud.admin.get("/api/vpcs/web", params={"min_position": document["position"]})
    assert int(answer.headers["miniaws-position"]) >= document["position"]


async def _pages(cloud: Cloud, path: str, **query: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = None
    while True:
        params = {**query, **({"cursor": cursor} if cursor else {})}
        page = (await cloud.admin.get(path, params=params)).json()
        pages.append([item["name"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


async def test_pages_hold_each_thing_once(cloud: Cloud) -> None:
    names = await _volumes(cloud, 7)
    assert await _pages(cloud, "/api/volumes", limit=3) == [names[:3], names[3:6], names[6:]]
    assert await _pages(cloud, "/api/volumes", limit=7) == [names]
    assert await _pages(cloud, "/api/resources", limit=4, kind="volume") == [names[:4], names[4:]]


async def test_pages_stay_as_they_were_while_things_come_and_go(cloud: Cloud) -> None:
    names = await _volumes(cloud, 6)
    first = (await cloud.admin.get("/api/volumes", params={"limit": 2})).json()
    done(await cloud.admin.post("/api/volumes", json={"name": "v-02a"}))
    done(await cloud.admin.delete("/api/volumes/v-03", headers=WAIT), "deleted")
    seen, cursor = [item["name"] for item in first["items"]], first["next_cursor"]
    while cursor:
        page = (await cloud.admin.get("/api/volumes", params={"limit": 2, "cursor": cursor})).json()
        assert page["position"] == first["position"]
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == names


async def test_a_cursor_belongs_to_its_query(cloud: Cloud) -> None:
    await _volumes(cloud, 3)
    cursor = (await cloud.admin.get("/api/volumes", params={"limit": 1})).json()["next_cursor"]
    other = await cloud.another(account="other")
    for client, path, query in (
        (cloud.admin, "/api/vpcs", {}),
        (cloud.admin, "/api/volumes", {"name": "v-01"}),
        (cloud.admin, "/api/volumes", {"tag": "a=b"}),
        (cloud.admin, "/api/volumes", {"ended": "true"}),
        (cloud.admin, "/api/volumes", {"ended_since": "0"}),
        (other, "/api/volumes", {}),
    ):
        answer = await client.get(path, params={"limit": 1, "cursor": cursor, **query})
        assert refused(answer, 422, "invalid_cursor", "start without one")["field"] == "cursor"


async def test_what_is_no_cursor_is_refused(cloud: Cloud) -> None:
    for cursor in ["", "x", "e30=", "WzEsMl0=", "bnVsbA==", "ä", "%00", "A" * 999]:
        refused(await cloud.admin.get("/api/vpcs", params={"cursor": cursor}), 422, "invalid_cursor")


async def test_what_ended_is_listed_for_a_day_unless_more_is_asked_for(cloud: Cloud) -> None:
    await _volumes(cloud, 4)
    positions: list[int] = []
    for name in ("v-00", "v-01"):
        gone = done(await cloud.admin.delete(f"/api/volumes/{name}", headers=WAIT), "deleted")
        positions.append(gone["position"])
    _age(cloud, positions[0], "24 hours 1 minute")
    done(await cloud.admin.delete("/api/volumes/v-02", headers=WAIT), "deleted")
    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    for query, expected in (
        ({}, ["v-03"]),
        ({"ended": "true"}, ["v-01", "v-02", "v-03"]),
        ({"status": "deleted"}, ["v-01", "v-02"]),
        ({"ended_since": str(positions[1])}, ["v-02", "v-03"]),
        ({"ended_since": long_ago}, ["v-00", "v-01", "v-02", "v-03"]),
        ({"ended_since": "0"}, ["v-00", "v-01", "v-02", "v-03"]),
        ({"ended": "true", "as_of": str(positions[0])}, ["v-00", "v-01", "v-02", "v-03"]),
        ({"ended": "true", "as_of": str(positions[1])}, ["v-01", "v-02", "v-03"]),
    ):
        assert await _pages(cloud, "/api/volumes", limit=1, **query) == [[name] for name in expected], query
    answer = await cloud.admin.get("/api/volumes?ended_since=yesterday")
    assert refused(answer, 422, "invalid", "RFC 3339")["field"] == "ended_since"


def _age(cloud: Cloud, position: int, by: str) -> None:
    """Move the recording time of all events up to a position into the past."""
    assert cloud.settings.database_url is not None
    with psycopg.connect(cloud.settings.database_url.get_secret_value()) as connection:
        connection.execute(
            "UPDATE events SET recorded_at = recorded_at - %s::interval WHERE notification_id <= %s",
            (by, position),
        )


async def test_lists_are_narrowed(cloud: Cloud) -> None:
    await cloud.launched("web-1", tags={"env": "test", "tier": "a"})
    await cloud.launched("web-2", tags={"env": "test"})
    done(await cloud.admin.post("/api/instances/web-2/stop", headers=WAIT), "stopped")
    for query, expected in (
        ({}, ["web-1", "web-2"]),
        ({"name": "web-1"}, ["web-1"]),
        ({"status": "stopped"}, ["web-2"]),
        ({"tag": "env=test"}, ["web-1", "web-2"]),
        ({"tag": ["env=test", "tier=a"]}, ["web-1"]),
        ({"tag": "env="}, []),
    ):
        answer = await cloud.admin.get("/api/instances", params=query)
        assert [item["name"] for item in answer.json()["items"]] == expected, query
    refused(await cloud.admin.get("/api/instances?tag=env"), 422, "invalid", "`env`", "key=value")
    refused(await cloud.admin.get("/api/resources?kind=car"), 422, "invalid", "`car`", "instance, ")


async def test_no_query_parameter_is_ever_ignored(cloud: Cloud) -> None:
    for method, path, name in [
        ("GET", "/api/vpcs?nmae=web", "nmae"),
        ("GET", "/api/vpcs/default?limit=1", "limit"),
        ("POST", "/api/vpcs?name=web", "name"),
        ("DELETE", "/api/vpcs/default?force=true", "force"),
        ("GET", "/api/instance-types?x=1", "x"),
    ]:
        answer = await cloud.admin.request(method, path, json={"name": "web"} if method == "POST" else None)
        assert (
            refused(answer, 422, "invalid", f"`{name}`", "must be a query parameter of this route")["field"]
            == name
        )


async def test_a_query_parameter_of_another_kind_is_refused(cloud: Cloud) -> None:
    for query in ["limit=0", "limit=1001", "limit=x", "ended=perhaps", f"name={'a' * 64}"]:
        problem = refused(await cloud.admin.get(f"/api/vpcs?{query}"), 422, "invalid")
        assert problem["field"] == query.partition("=")[0]


async def test_types_are_listed(cloud: Cloud) -> None:
    items = (await cloud.admin.get("/api/instance-types")).json()["items"]
    assert items[0] == {"name": "nano", "cpus": 0.25, "memory_mb": 64}


async def test_logs_are_text_of_any_length(cloud: Cloud) -> None:
    document = await cloud.launched()
    for line in ("one", "two", "three"):
        cloud.engine.say(document["id"], line)
    answer = await cloud.admin.get("/api/instances/web-1/logs")
    assert (answer.text, answer.headers["content-type"]) == ("one\ntwo\nthree\n", "text/plain; charset=utf-8")
    assert (await cloud.admin.get("/api/instances/web-1/logs?tail=1")).text == "three\n"
    done(await cloud.admin.delete("/api/instances/web-1", headers=WAIT), "terminated")
    refused(
        await cloud.admin.get(f"/api/instances/{document['id']}/logs"), 409, "conflict", "has no container"
    )
