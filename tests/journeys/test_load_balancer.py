"""A load balancer before real instances: traffic goes on, whatever comes, goes, dies or is away."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import load
from tests.conftest import free_port
from tests.journeys.running_cloud import RunningCloud, kill, wait_until

CHECK = {"path": "/health", "interval_s": 0.5, "timeout_s": 0.3, "rise": 1, "fall": 2}
PATH = "/api/load-balancers"


def create(cloud: RunningCloud, name: str = "web", **more: Any) -> dict[str, Any]:
    body = {"name": name, "listeners": [{"port": free_port()}], "health_check": CHECK, **more}
    return cloud.post(PATH, body)


def port(balancer: dict[str, Any]) -> int:
    found: int = balancer["spec"]["listeners"][0]["port"]
    return found


def register(cloud: RunningCloud, instance: str, name: str = "web", **more: Any) -> None:
    cloud.post(f"{PATH}/{name}/targets", {"instance": instance, "port": 8080, **more})


def states(cloud: RunningCloud, name: str = "web") -> dict[str, str]:
    targets = cloud.show(f"{PATH}/{name}/health")["targets"]
    return {target["instance"]["name"]: target["state"] for target in targets}


def healthy(cloud: RunningCloud, *names: str, balancer: str = "web") -> None:
    wait_until(lambda: states(cloud, balancer) == dict.fromkeys(names, "healthy"), f"{names} are healthy")


def launch(cloud: RunningCloud, *names: str, **more: Any) -> None:
    for name in names:
        body = {"name": name, "image": "miniaws/hello:local", "type": "nano", "env": {"QUIET": "1"}, **more}
        cloud.http.post("/api/instances", json=body).raise_for_status()
    wait_until(lambda: all(cloud.instance(name)["status"] == "running" for name in names), f"{names} run")


@contextmanager
def under_load(listener: int, path: str = "/") -> Generator[load.Load]:
    """Put a port under load from another thread's loop; fails when a request failed."""
    import threading

    loop = asyncio.new_event_loop()
    found = load.Load(listener, path=path)
    stop = asyncio.Event()

    async def run() -> None:
        clients = [asyncio.create_task(found.client(keep_alive=turn > 1)) for turn in range(6)]
        await stop.wait()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_the_life_of_a_load_balancer(haproxy_image: str, cloud: RunningCloud) -> None:
    launch(cloud, "web-1", "web-2", "web-3")
    balancer = create(cloud)
    assert balancer["status"] == "available", balancer["status_reason"]
    for name in ("web-1", "web-2", "web-3"):
        register(cloud, name)
    healthy(cloud, "web-1", "web-2", "web-3")
    with under_load(port(balancer)) as under:
        wait_until(lambda: under.answers > 100, "requests are answered")
        cloud.container(cloud.instance("web-2")["id"]).kill()
        wait_until(lambda: cloud.types(balancer["id"]).count("target_state_changed") > 6, "its end is told")
        healthy(cloud, "web-1", "web-2", "web-3")
        slow = under_slow(port(balancer))
        cloud.delete("/api/instances/web-3")
        slow.join()
        healthy(cloud, "web-1", "web-2")
        settled = under.answers
        wait_until(lambda: under.answers > settled + 100, "requests are answered still")
    assert under.failures == []
    metrics = cloud.show(f"{PATH}/web/metrics?step=1")
    assert max(point["requests_per_s"] or 0 for point in metrics["points"]) > 10
    assert len(metrics["targets"]) >= 2
    assert "miniaws_load_balancer_requests_per_s" in cloud.http.get("/metrics").text
    assert cloud.delete(f"{PATH}/web")["status"] == "deleted"
    assert balancer["id"] not in cloud.containers()


def under_slow(listener: int) -> Any:
    """Ask every target for a slow answer and return the thread that checks them."""
    import threading

    failed: list[BaseException] = []

    def run() -> None:
        async def ask() -> None:
            found = await asyncio.gather(*(load.get(listener, "/slow?s=4") for _ in range(6)))
            assert {status for status, _ in found} == {200}

        try:
            asyncio.run(ask())
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    class Checked(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            super().join(timeout)
            assert failed == []

    thread = Checked(target=run)
    thread.start()
    time.sleep(0.5)
    return thread


@pytest.mark.usefixtures("haproxy_image")
def test_traffic_goes_on_without_a_controller_and_nothing_restarts_with_one(own_cloud: RunningCloud) -> None:
    cloud = own_cloud
    launch(cloud, "web-1", "web-2")
    balancer = create(cloud)
    for name in ("web-1", "web-2"):
        register(cloud, name)
    healthy(cloud, "web-1", "web-2")
    before = cloud.container(balancer["id"]).attrs["State"]["StartedAt"]
    told = cloud.types(balancer["id"])
    with under_load(port(balancer)) as under:
        wait_until(lambda: under.answers > 100, "requests are answered")
        kill(cloud.controllers.pop())
        answered = under.answers
        wait_until(lambda: under.answers > answered + 200, "traffic goes on")
        passes = cloud.passes()
        cloud.start_controller()
        wait_until(lambda: cloud.passes() > passes, "the new controller works")
        register(cloud, "web-1", weight=2)
        answered = under.answers
        wait_until(lambda: under.answers > answered + 200, "traffic goes on")
    assert under.failures == []
    assert cloud.container(balancer["id"]).attrs["State"]["StartedAt"] == before
    assert cloud.types(balancer["id"]) == [*told, "target_weight_changed"]
    cloud.delete(f"{PATH}/web")
    cloud.empty()
