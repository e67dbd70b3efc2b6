"""The density of events: exact, by account, for the whole history or a range."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from projections import activity
from tests.time.conftest import Remembering
from tests.time.histories import live
from tests.time.test_as_of import account

PATH = "/api/timeline/density"


async def events(cloud: Remembering, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await cloud.get("/api/timeline", None, limit=1000, order="oldest", **filters)
    )["items"]
    return found


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("buckets", [1, 7, 96, 1000])
def test_each_event_is_counted_in_the_part_of_its_time(cloud: Remembering, buckets: int) -> None:
    async def read() -> None:
        await live(cloud, cloud.http, seed=31, count=100)
        found = await cloud.get(PATH, buckets=buckets)
        known = await events(cloud, as_of=found["position"])
        assert (found["count"], len(found["items"])) == (len(known), buckets)
        assert (found["from"], when(found["to"])) == (found["items"][0]["at"], when(known[-1]["time"]))
        for part, following in pairwise([*found["items"], {}]):
            until = following.get("after", found["position"])
            mine = [each for each in known if part["after"] < each["position"] <= until]
            assert part["count"] == len(mine)
            assert all(when(part["at"]) <= when(each["time"]) for each in mine)
            assert not following or all(when(each["time"]) < when(following["at"]) for each in mine)

    cloud.run(read())


def test_failures_are_counted_on_their_own(cloud: Remembering) -> None:
    async def read() -> None:
        await live(cloud, cloud.http, seed=32, count=160)
        found = await cloud.get(PATH, buckets=50)
        known = await events(cloud, as_of=found["position"])
        bad = [each for each in known if activity.FAILURE.search(each["type"])]
        assert bad, "this history has a failure"
        assert sum(part["failures"] for part in found["items"]) == len(bad)
        assert all(part["failures"] <= part["count"] for part in found["items"])

    cloud.run(read())


def test_a_stretch_is_cut_from_its_own_first_event_to_its_last(cloud: Remembering) -> None:
    async def read() -> None:
        await live(cloud, cloud.http, seed=33, count=60)
        known = await events(cloud)
        after, to = known[9]["position"], known[29]["position"]
        found = await cloud.get(PATH, None, **{"from": after, "to": to, "buckets": 5})
        assert (found["count"], found["position"]) == (20, to)
        assert when(found["from"]) == when(known[10]["time"])
        assert when(found["to"]) == when(known[29]["time"])
        alone = await cloud.get(PATH, None, **{"from": after, "to": known[10]["position"], "buckets": 3})
        assert [part["count"] for part in alone["items"]] == [0, 0, 1]
        nothing = await cloud.get(PATH, None, **{"from": to, "to": to})
        assert (nothing["count"], nothing["items"], nothing["from"], nothing["to"]) == (0, [], None, None)

    cloud.run(read())


def test_an_account_counts_its_own_events(cloud: Remembering) -> None:
    async def read() -> None:
        other = await account(cloud, "other")
        mine = await cloud.get(PATH, other)
        known = (await cloud.get("/api/timeline", other, limit=1000, as_of=mine["position"]))["items"]
        assert mine["count"] == len(known)
        whole = await cloud.get(PATH, None, account="*", to=mine["position"])
        main = await cloud.get(PATH, None, to=mine["position"])
        assert whole["count"] == main["count"] + mine["count"]
        refused = await other.get(PATH, params={"account": "*"})
        assert refused.status_code == 403
        await other.aclose()

    cloud.run(read())


@pytest.mark.parametrize(
    ("given", "field"),
    [({"buckets": 0}, "buckets"), ({"buckets": 1001}, "buckets"), ({"colour": "red"}, "colour")],
)
def test_what_cannot_be_counted_is_refused(cloud: Remembering, given: dict[str, Any], field: str) -> None:
    answer = cloud.run(cloud.http.get(PATH, params=given))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
