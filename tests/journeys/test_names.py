"""Names inside a VPC: instances, servers and load balancers are found by name, and names follow what has them."""

from typing import Any

import pytest

from tests.conftest import listening_port
from tests.journeys.running_cloud import RunningCloud, wait_until

pytestmark = pytest.mark.usefixtures("haproxy_image")
CHECK = {"path": "/health", "interval_s": 0.5, "timeout_s": 0.3, "rise": 1, "fall": 2}


def run(cloud: RunningCloud, instance: str, *command: str) -> dict[str, Any]:
    """Run a program in an instance."""
    answer = cloud.http.post(f"/api/instances/{instance}/exec", json={"command": list(command)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def answers(cloud: RunningCloud, instance: str, host: str, port: int = 8080) -> str | None:
    """Return what a program on a host answers to an instance, None when nothing does."""
    done = run(cloud, instance, "get", f"http://{host}:{port}/")
    return done["stdout"] if done["exit_code"] == 0 else None


def balanced(cloud: RunningCloud, port: int, instance: str) -> dict[str, Any]:
    """Return a load balancer with one target, which is healthy."""
    body = {"name": "front", "listeners": [{"port": port}], "health_check": CHECK}
    balancer = cloud.post("/api/load-balancers", body)
    assert balancer["status"] == "available", balancer["status_reason"]
    cloud.post("/api/load-balancers/front/targets", {"instance": instance, "port": 8080})

    def is_healthy() -> bool:
        targets = cloud.show("/api/load-balancers/front/health")["targets"]
        return [each["state"] for each in targets] == ["healthy"]

    wait_until(is_healthy, "the target is healthy")
    return balancer


def test_a_load_balancer_is_found_by_its_name_in_its_vpc_only(cloud: RunningCloud) -> None:
    for name, vpc in (("web-1", "default"), ("client", "default"), ("stranger", "other")):
        if vpc != "default":
            cloud.post("/api/vpcs", {"name": vpc})
        cloud.launch(name, vpc=vpc, env={"APP_VERSION": name})
    port = listening_port()
    balancer = balanced(cloud, port, "web-1")
    address = balancer["observed"]["address"]
    for host in ("front", "front.default.internal", balancer["id"], address):
        assert "web-1" in (answers(cloud, "client", host, port) or ""), host
    assert answers(cloud, "stranger", address, port) is None
    assert answers(cloud, "stranger", "front", port) is None
    cloud.container(f"{balancer['id']}.name").remove(force=True)
    wait_until(lambda: answers(cloud, "client", "front", port) is not None, "it is found again")
    assert cloud.delete("/api/load-balancers/front")["status"] == "deleted"
    assert answers(cloud, "client", "front", port) is None
    assert [each for each in cloud.containers() if each.startswith("lb-")] == []


def test_a_name_leads_to_the_same_address_after_a_replacement(cloud: RunningCloud) -> None:
    cloud.launch("client")
    web = cloud.launch("web-1", env={"APP_VERSION": "first"})
    cloud.post("/api/volumes", {"name": "data"})
    cloud.post("/api/instances/web-1/stop")
    # Somebody else is launched meanwhile: no address is given out twice.
    cloud.launch("web-2")
    cloud.post("/api/volumes/data/attach", {"instance": "web-1", "path": "/data"})
    after = cloud.post("/api/instances/web-1/start")
    assert after["observed"]["address"] == web["observed"]["address"]
    for host in ("web-1", "web-1.default.internal", web["id"], web["observed"]["address"]):
        assert "first" in (answers(cloud, "client", host) or ""), host
    cloud.delete("/api/instances/web-1")
    assert answers(cloud, "client", "web-1") is None
