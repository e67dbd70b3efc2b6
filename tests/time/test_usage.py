"""Usage equals an independent calculation from events, and windows add up."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.time.conftest import Remembering
from tests.time.histories import live

GROUPS = ("account", "kind", "resource", "type", "tag:n")
Amounts = Counter[tuple[str | None, str]]
"""Seconds by group and measure."""


async def usage(cloud: Remembering, group_by: str, **span: Any) -> Amounts:
    """Read the usage of a window."""
    found = await cloud.get("/api/usage", group_by=group_by, **span)
    items = {
        (item["group"], measure): seconds
        for item in found["items"]
        for measure, seconds in item["seconds"].items()
    }
    total = Counter[str]()
    for (_, measure), seconds in items.items():
        total[measure] += round(seconds * 1_000_000)
    assert {measure: round(s * 1_000_000) for measure, s in found["total"]["seconds"].items()} == total
    return Counter({key: round(seconds * 1_000_000) for key, seconds in items.items()})


async def watched(cloud: Remembering, group_by: str, start: datetime, end: datetime) -> Amounts:
    """Read the whole state after every event, and sum the durations."""
    rows = cloud.query("SELECT notification_id, recorded_at FROM events ORDER BY notification_id")
    amounts: Amounts = Counter()
    for (position, begins), (_, ends) in zip(rows, [*rows[1:], (0, end)], strict=True):
        time = (min(ends, end) - max(begins, start)) // timedelta(microseconds=1)
        if time > 0:
            page = await cloud.get("/api/resources", as_of=position, limit=1000)
            for each in page["items"]:
                for measure, rate in used(each).items():
                    amounts[group(each, group_by), measure] += time * rate
    return amounts


def used(document: dict[str, Any]) -> dict[str, int]:
    """Return the usage of a document, by independently written rules."""
    if document["kind"] == "instance" and document["status"] == "running":
        return {"instance": 1}
    if document["kind"] == "volume" and document["status"] in ("available", "deleting"):
        return {"volume": 1, "volume_gb": document["spec"]["size_gb"] or 0}
    return {}


def group(document: dict[str, Any], group_by: str) -> str | None:
    """Return the group of a document."""
    names = {"account": "account_id", "kind": "kind", "resource": "id"}
    if group_by in names:
        return document[names[group_by]]
    return document["spec"].get("type") if group_by == "type" else document["tags"].get("n")


def test_usage_is_exact_and_adds_up(cloud: Remembering) -> None:
    chance = random.Random(5)  # noqa: S311 - a test

    async def compare() -> None:
        await live(cloud, cloud.http, seed=5, count=80)
        (begin,), *_, (end,) = cloud.query("SELECT recorded_at FROM events ORDER BY notification_id")
        for group_by in GROUPS:
            moments = [begin, *(begin + (end - begin) * chance.random() for _ in range(3)), end]
            first, *others = sorted(moment.astimezone(UTC) for moment in moments)
            parts: Amounts = Counter()
            for start, stop in zip([first, *others], others, strict=False):
                span = {"from": start.isoformat(), "to": stop.isoformat()}
                parts += await usage(cloud, group_by, **span)
            whole = {"from": first.isoformat(), "to": others[-1].isoformat()}
            assert parts == +(await usage(cloud, group_by, **whole))
            assert parts == +(await watched(cloud, group_by, first, others[-1]))

    cloud.run(compare())


def test_positions_name_the_instants_of_their_events(cloud: Remembering) -> None:
    async def compare() -> None:
        web = await cloud.launch("web-1")
        await asyncio.sleep(0)
        stopped = await cloud.post("/api/instances/web-1/stop")
        history = (await cloud.get("/api/resources/web-1/history"))["items"]
        times = {each["status"]: datetime.fromisoformat(each["updated_at"]) for each in history}
        found = await usage(cloud, "account", **{"from": web["position"], "to": stopped["position"]})
        ran = times["stopping"] - times["running"]
        assert found["main", "instance"] == ran // timedelta(microseconds=1)
        assert not await usage(cloud, "account", to=0)
        for params, word in (
            ({"group_by": "colour"}, "group_by"),
            ({"from": 5, "to": 2}, "from"),
            ({"to": "2099-01-01T00:00:00Z"}, "to"),
            ({"from": "soon"}, "from"),
        ):
            answer = await cloud.http.get("/api/usage", params=params)
            assert answer.status_code == 422
            assert answer.json()["field"] == word

    cloud.run(compare())
