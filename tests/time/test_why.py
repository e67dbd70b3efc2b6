"""The causes of a resource's status, in readable sentences."""

import re
from typing import Any

from tests.time.conftest import Remembering

DAY = r"\d{4}-\d\d-\d\d "
TIME = r"\d\d:\d\d:\d\dZ"
BY_ADMIN = r"by key `admin` from 127\.0\.0\.1"
LAUNCHED = rf"launch requested \(miniaws/hello:local, nano\) at ({DAY})?{TIME} {BY_ADMIN}"


async def why(cloud: Remembering, name: str, **params: Any) -> str:
    """Return the output of ``why``."""
    return (await cloud.get(f"/api/resources/{name}/why", **params))["why"]


async def kill(cloud: Remembering, instance: dict[str, Any], times: int) -> None:
    """Kill a program repeatedly, and wait until the cloud has restarted it."""
    for number in range(1, times + 1):
        cloud.engine.kill(instance["id"])

        async def healed(count: int = number) -> bool:
            found = await cloud.get(f"/api/instances/{instance['id']}")
            return found["status"] == "running" and found["observed"]["restarts"] == count

        await cloud.until(healed, "it runs again")


def test_a_crash_is_told_back_to_the_key(cloud: Remembering) -> None:
    async def tell() -> None:
        web = await cloud.launch("web-1")
        assert re.fullmatch(rf"running since {DAY}{TIME}; {LAUNCHED}", await why(cloud, "web-1"))
        await kill(cloud, web, 1)
        once = rf"running since {DAY}{TIME}; exited unexpectedly: killed \(exit 137\).* at ({DAY})?{TIME}; {LAUNCHED}"
        assert re.fullmatch(once, await why(cloud, "web-1"))
        then = await why(cloud, "web-1", as_of=web["position"])
        assert re.fullmatch(rf"running since {DAY}{TIME}; {LAUNCHED}", then)

    cloud.run(tell())


def test_what_happens_again_and_again_is_told_once(cloud: Remembering) -> None:
    async def tell() -> None:
        web = await cloud.launch("web-1")
        await kill(cloud, web, 3)
        told = await why(cloud, "web-1")
        assert told.count("exited unexpectedly") == 1
        assert re.search(rf", 3 times since ({DAY})?{TIME}; {LAUNCHED}$", told)

    cloud.run(tell())


def test_what_a_person_asked_is_told_and_what_changed_nothing_is_not(cloud: Remembering) -> None:
    async def tell() -> None:
        await cloud.launch("web-1")
        await cloud.http.patch("/api/instances/web-1", json={"tags": {"a": "b"}})
        await cloud.post("/api/instances/web-1/stop")
        await cloud.http.patch("/api/instances/web-1", json={"tags": {"a": "c"}})
        told = await why(cloud, "web-1")
        assert re.fullmatch(
            rf"stopped since {DAY}{TIME}; stop requested at ({DAY})?{TIME} {BY_ADMIN}; {LAUNCHED}", told
        )
        chain = (await cloud.get("/api/resources/web-1/why"))["chain"]
        assert [event["type"].partition(".")[2] for event in chain] == [
            "stopped",
            "stop_requested",
            "launch_requested",
        ]

    cloud.run(tell())


def test_the_set_up_is_where_it_all_begins(cloud: Remembering) -> None:
    told = cloud.run(why(cloud, "default"))
    assert re.fullmatch(
        rf"available since {DAY}{TIME}; creation requested \(10\.192\.0\.0/24\) at ({DAY})?{TIME} "
        "by the set-up of the cloud",
        told,
    )
    assert cloud.run(why(cloud, "admin")).endswith(": issued as admin by the set-up of the cloud")


def test_the_history_tells_each_change_by_whom(cloud: Remembering) -> None:
    async def tell() -> None:
        await cloud.launch("web-1", tags={"env": "test"})
        await cloud.http.patch("/api/instances/web-1", json={"tags": {"env": "live"}})
        items = (await cloud.get("/api/resources/web-1/history"))["items"]
        assert [item["version"] for item in items] == list(range(1, len(items) + 1))
        assert items[0]["changes"] == []
        assert items[-1]["changes"] == [
            {"path": ["tags", "env"], "field": "tags.env", "before": "test", "after": "live"}
        ]
        assert [item["event"]["position"] for item in items] == [item["position"] for item in items]
        assert items[-1]["event"]["actorname"] == "admin"
        assert items[-1]["event"]["summary"] == "web-1 tags changed to env=live"
        started = next(item for item in items if item["event"]["type"] == "instance.started")
        assert {"field": "status", "path": ["status"], "before": "pending", "after": "running"} in started[
            "changes"
        ]
        # The launch is saved together with the address of the instance, the last of its events.
        assert items[1]["event"]["type"] == "instance.interface_assigned"
        assert items[1]["position"] == started["event"]["causationid"]

    cloud.run(tell())
