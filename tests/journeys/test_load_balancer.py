"""A load balancer in front of real instances: traffic continues through changes and failures."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests.conftest import listening_port
from tests.journeys.running_cloud import IMAGE, RunningCloud, kill, wait_until
from tests.load import Aside, get, load_aside

pytestmark = pytest.mark.usefixtures("haproxy_image")
CHECK = {"path": "/health", "interval_s": 0.5, "timeout_s": 0.3, "rise": 1, "fall": 2}
PATH = "/api/load-balancers"
SLOW_S = 4


def balancing(cloud: RunningCloud, *names: str, restart: str = "always") -> dict[str, Any]:
    """Return a load balancer with instances of these names, all healthy."""
    launch(cloud, *names, restart=restart)
    body = {"name": "web", "listeners": [{"port": listening_port()}], "health_check": CHECK}
    balancer = cloud.post(PATH, body)
    assert balancer["status"] == "available", balancer["status_reason"]
    for name in names:
        register(cloud, name)
    healthy(cloud, *names)
    return balancer


def launch(cloud: RunningCloud, *names: str, restart: str) -> None:
    for name in names:
        body = {"name": name, "image": IMAGE, "type": "nano", "env": {"QUIET": "1"}, "restart": restart}
        cloud.http.post("/api/instances", json=body).raise_for_status()
    wait_until(lambda: all(cloud.instance(name)["status"] == "running" for name in names), f"{names} run")


def port(balancer: dict[str, Any]) -> int:
    found: int = balancer["spec"]["listeners"][0]["port"]
    return found


def register(cloud: RunningCloud, instance: str, **more: Any) -> None:
    cloud.post(f"{PATH}/web/targets", {"instance": instance, "port": 8080, **more})


def states(cloud: RunningCloud) -> dict[str, str]:
    targets = cloud.show(f"{PATH}/web/health")["targets"]
    return {target["instance"]["name"]: target["state"] for target in targets}


def healthy(cloud: RunningCloud, *names: str) -> None:
    wait_until(lambda: states(cloud) == dict.fromkeys(names, "healthy"), f"only {names}, all of them healthy")


async def slow_answers(listener: int) -> None:
    """Send each target a slow request."""
    found = await asyncio.gather(*(get(listener, f"/slow?s={SLOW_S}") for _ in range(15)))
    assert {status for status, _ in found} == {200}


def sessions(cloud: RunningCloud) -> int:
    """Return the minimum number of requests in progress per target, according to metrics."""
    points = cloud.show(f"{PATH}/web/metrics?step=1")["targets"].values()
    return min(max(point["sessions"] or 0 for point in each[-5:]) for each in points)


def test_the_life_of_a_load_balancer(cloud: RunningCloud) -> None:
    balancer = balancing(cloud, "web-1", "web-2", "web-3")
    with load_aside(port(balancer)) as under:
        wait_until(lambda: under.answers > 100, "requests are answered")
        told = cloud.types(balancer["id"]).count("target_state_changed")
        cloud.container(cloud.instance("web-2")["id"]).kill()
        wait_until(
            lambda: cloud.types(balancer["id"]).count("target_state_changed") > told, "its exit is reported"
        )
        healthy(cloud, "web-1", "web-2", "web-3")
        slow = Aside(slow_answers(port(balancer)))
        slow.start()
        wait_until(lambda: sessions(cloud) >= 2, "each target has a slow request under way")
        assert cloud.delete("/api/instances/web-3")["status"] == "terminated"
        slow.result()
        healthy(cloud, "web-1", "web-2")
        answered = under.answers
        wait_until(lambda: under.answers > answered + 100, "requests are answered still")
    assert under.failures == []
    points = cloud.show(f"{PATH}/web/metrics?step=1")["points"]
    assert max(point["requests_per_s"] or 0 for point in points) > 10
    assert "miniaws_load_balancer_requests_per_s" in cloud.http.get("/metrics").text
    assert cloud.delete(f"{PATH}/web")["status"] == "deleted"
    assert balancer["id"] not in cloud.containers()


def test_of_three_targets_one_is_killed_and_costs_no_request_once_that_is_told(cloud: RunningCloud) -> None:
    names = ("web-1", "web-2", "web-3")
    balancer = balancing(cloud, *names, restart="never")
    with load_aside(port(balancer)) as under:
        wait_until(lambda: under.answers > 100, "requests are answered")
        before = len(told_at(cloud, balancer["id"]))
        cloud.container(cloud.instance("web-2")["id"]).kill()
        wait_until(lambda: len(told_at(cloud, balancer["id"])) > before, "an unhealthy target is reported")
        told = told_at(cloud, balancer["id"])[before]
        answered = under.answers
        wait_until(lambda: under.answers > answered + 300, "requests are answered by the others")
        assert states(cloud) == {"web-1": "healthy", "web-2": "unused", "web-3": "healthy"}
        assert [each for each in under.failures if each.begun_at > told] == []
        under.failures.clear()
        cloud.post("/api/instances/web-2/start")
        healthy(cloud, *names)
        answered = under.answers
        wait_until(lambda: under.answers > answered + 100, "requests are answered by all of them")
    assert under.failures == []
    cloud.delete(f"{PATH}/web")


def told_at(cloud: RunningCloud, balancer_id: str) -> list[float]:
    """Return the time of each change of a target's state, in seconds since the epoch."""
    query = f"/api/timeline?resource={balancer_id}&type=load_balancer.target_state_changed&order=oldest"
    return [datetime.fromisoformat(each["time"]).timestamp() for each in cloud.show(query)["items"]]


def test_traffic_goes_on_without_a_controller_and_nothing_restarts_with_one(own_cloud: RunningCloud) -> None:
    cloud = own_cloud
    balancer = balancing(cloud, "web-1", "web-2")
    before = cloud.container(balancer["id"]).attrs["State"]["StartedAt"]
    told = cloud.types(balancer["id"])
    with load_aside(port(balancer)) as under:
        wait_until(lambda: under.answers > 100, "requests are answered")
        kill(cloud.controllers.pop())
        answered = under.answers
        wait_until(lambda: under.answers > answered + 200, "traffic continues")
        passes = cloud.passes()
        cloud.start_controller()
        wait_until(lambda: cloud.passes() > passes, "the new controller works")
        register(cloud, "web-1", weight=2)
        answered = under.answers
        wait_until(lambda: under.answers > answered + 200, "traffic continues")
    assert under.failures == []
    assert cloud.container(balancer["id"]).attrs["State"]["StartedAt"] == before
    assert cloud.types(balancer["id"]) == [*told, "target_weight_changed"]
    cloud.empty()
