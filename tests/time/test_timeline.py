"""The timeline: each event once, in order, by every filter, also while new ones arrive."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.time.conftest import Remembering
from tests.time.histories import live
from tests.time.test_as_of import account

Event = dict[str, Any]


async def pages(cloud: Remembering, **filters: Any) -> tuple[int, list[int]]:
    """Read a timeline in small pages; return its position and the positions of its events."""
    found: list[int] = []
    cursor: str | None = None
    shown: set[int] = set()
    while True:
        asked: dict[str, Any] = {**filters, "limit": 7, **({"cursor": cursor} if cursor else {})}
        page = await cloud.get("/api/timeline", None, **asked)
        found += [event["position"] for event in page["items"]]
        shown.add(page["position"])
        cursor = page["next_cursor"]
        if cursor is None:
            (position,) = shown
            return position, found


def test_cursors_stay_right_while_new_events_arrive(cloud: Remembering) -> None:
    async def read() -> None:
        await live(cloud, cloud.http, seed=11, count=60)
        busy = asyncio.create_task(live(cloud, cloud.http, seed=12, count=120))
        shown: list[tuple[str, int, list[int]]] = []
        while not busy.done():
            shown += [(order, *await pages(cloud, order=order)) for order in ("newest", "oldest")]
        await busy
        everything = [row[0] for row in cloud.query("SELECT notification_id FROM events ORDER BY 1")]
        for order, position, found in shown:
            known = [each for each in everything if each <= position]
            assert found == (known if order == "oldest" else known[::-1])
        assert len({position for _, position, _ in shown}) > 1

    cloud.run(read())


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Event], bool]]] = {
    "kind": ({"kind": "volume"}, lambda event: event["resourcekind"] == "volume"),
    "type": ({"type": "instance.started"}, lambda event: event["type"] == "instance.started"),
    # The default subnet and security group of a VPC are named within it.
    "name": (
        {"resource": "default"},
        lambda event: event["resourcename"] == "default" and event["resourcekind"] == "vpc",
    ),
    "key": ({"actor": "admin"}, lambda event: event["actorname"] == "admin"),
    "manager": (
        {"actor": "system:instance-manager"},
        lambda event: event["actor"] == "system:instance-manager",
    ),
    "span": ({"from": 5, "to": 20}, lambda event: 5 < event["position"] <= 20),
    "text": ({"text": "DATA-1"}, lambda event: "data-1" in json.dumps(event).lower()),
    "both": (
        {"kind": "instance", "actor": "admin", "text": "nano"},
        lambda event: (
            event["resourcekind"] == "instance"
            and event["actorname"] == "admin"
            and "nano" in json.dumps(event["data"])
        ),
    ),
}


def test_every_filter_finds_what_it_says(cloud: Remembering) -> None:
    async def read() -> None:
        await live(cloud, cloud.http, seed=13, count=160)
        everything = (await cloud.get("/api/timeline", limit=1000, order="oldest"))["items"]
        for name, (filters, fits) in FILTERS.items():
            asked = {**filters, "order": "oldest", "as_of": everything[-1]["position"]}
            _, found = await pages(cloud, **asked)
            assert found == [event["position"] for event in everything if fits(event)], name
            assert found, name
        some = everything[-1]
        of_request = await cloud.get("/api/timeline", correlation=some["correlationid"], limit=1000)
        assert some["position"] in [event["position"] for event in of_request["items"]]
        assert {event["correlationid"] for event in of_request["items"]} == {some["correlationid"]}

    cloud.run(read())


def test_an_account_sees_itself_and_main_sees_all(cloud: Remembering) -> None:
    async def read() -> None:
        other = await account(cloud, "other")
        page = await cloud.get("/api/timeline", other)
        mine = page["items"]
        assert {event["accountid"] for event in mine} == {"other"}
        of_other = await cloud.get("/api/timeline", account="other", as_of=page["position"])
        assert of_other["items"] == mine
        everything = await cloud.get("/api/timeline", account="*", limit=1000)
        assert {event["accountid"] for event in everything["items"]} == {"main", "other"}
        for wanted in ("main", "*"):
            refused = await other.get("/api/timeline", params={"account": wanted})
            assert (refused.status_code, refused.json()["field"]) == (403, "account")
        hidden = mine[0]["subject"]
        assert (await cloud.http.get(f"/api/resources/{hidden}/why")).status_code == 404
        await other.aclose()

    cloud.run(read())


def test_lines_are_the_same_events(cloud: Remembering) -> None:
    async def read() -> None:
        page = await cloud.get("/api/timeline", limit=2)
        headers = {"Accept": "application/x-ndjson"}
        answer = await cloud.http.get("/api/timeline", params={"limit": 2}, headers=headers)
        assert [json.loads(line) for line in answer.text.splitlines()] == page["items"]
        assert answer.headers["Miniaws-Next-Cursor"]
        for event in page["items"]:
            assert event["specversion"] == "1.0"
            assert {"id", "source", "type", "subject", "time", "data"} <= event.keys()
            assert "hash" not in event["data"]

    cloud.run(read())


def test_a_cursor_of_another_query_is_refused(cloud: Remembering) -> None:
    async def read() -> None:
        cursor = (await cloud.get("/api/timeline", limit=1))["next_cursor"]
        for other in ({"order": "oldest"}, {"kind": "vpc"}, {"from": 1}, {"as_of": 2}, {"text": "a"}):
            answer = await cloud.http.get("/api/timeline", params={"cursor": cursor, **other})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), other

    cloud.run(read())


@pytest.mark.parametrize("view", ["/api/timeline", "/api/diff", "/api/usage", "/api/resources"])
def test_nothing_that_was_asked_is_ignored(cloud: Remembering, view: str) -> None:
    answer = cloud.run(cloud.http.get(view, params={"from": 0, "colour": "red"}))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
