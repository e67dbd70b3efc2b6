"""Groups of real containers: replacement, CPU tracking, and safe changes of the template."""

from datetime import datetime
from typing import Any

import pytest

from tests.conftest import free_port
from tests.journeys.running_cloud import IMAGE, RunningCloud, kill, wait_until
from tests.load import burning, load_aside

GROUPS = "/api/scaling-groups"
COOLDOWN_S = 8
CHECK = {"path": "/health", "interval_s": 0.5, "timeout_s": 0.3, "rise": 1, "fall": 3}
TRACKING = {
    "type": "target-tracking",
    "metric": "cpu",
    "target": 40,
    "warmup_s": 2,
    "cooldown_s": COOLDOWN_S,
    "period_s": 1,
    "periods_out": 2,
    "periods_in": 3,
}

BEHIND = {"load_balancers": [{"load_balancer": "front", "port": 8080}], "health_check": "load-balancer"}


def create(cloud: RunningCloud, **more: Any) -> dict[str, Any]:
    body = {"name": "web", "template": {"image": IMAGE, "type": "nano", "ports": [{"port": 8080}]}, **more}
    return cloud.post(GROUPS, body)


def group(cloud: RunningCloud) -> dict[str, Any]:
    return cloud.show(f"{GROUPS}/web")


def decisions(cloud: RunningCloud) -> list[dict[str, Any]]:
    """Return the decisions, oldest first."""
    return cloud.show(f"{GROUPS}/web/decisions")["items"][::-1]


def actions(cloud: RunningCloud) -> list[str]:
    return [each["action"] for each in decisions(cloud) if each["action"] != "hold"]


def instances(cloud: RunningCloud) -> list[str]:
    return [each["name"] for each in group(cloud)["observed"]["instances"]]


def in_service(cloud: RunningCloud) -> list[str]:
    return [each["name"] for each in group(cloud)["observed"]["instances"] if each["status"] == "in-service"]


def test_a_group_follows_its_load_even_when_the_controller_dies_in_a_cooldown(
    own_cloud: RunningCloud,
) -> None:
    created = create(own_cloud, min=1, max=2)
    assert (created["status"], in_service(own_cloud)) == ("available", ["web-1"])
    own_cloud.http.put(f"{GROUPS}/web/policies/cpu", json=TRACKING).raise_for_status()
    with burning(own_cloud.container(own_cloud.instance("web-1")["id"])):
        wait_until(lambda: actions(own_cloud) == ["out"], "the group has decided to grow")
        wait_until(lambda: in_service(own_cloud) == ["web-1", "web-2"], "the second instance serves")
        wait_until(lambda: decisions(own_cloud)[-1]["reason"] == "at its maximum", "it holds under load")
    assert actions(own_cloud) == ["out"]
    (controller,) = own_cloud.controllers
    kill(controller)
    own_cloud.start_controller()
    wait_until(lambda: actions(own_cloud) == ["out", "in"], "the group has decided to shrink")
    wait_until(lambda: len(own_cloud.containers()) == 1, "one instance is left")
    out, in_ = [each for each in decisions(own_cloud) if each["action"] != "hold"]
    assert (out["desired_before"], out["desired"], in_["desired"]) == (1, 2, 1)
    assert out["evidence"]["policies"]["cpu"]["value"] > 40
    past = datetime.fromisoformat(in_["at"]) - datetime.fromisoformat(out["at"])
    assert past.total_seconds() >= COOLDOWN_S
    replayed = own_cloud.show(f"{GROUPS}/web/replay")
    assert replayed["decisions"] == len(decisions(own_cloud))
    assert replayed["agrees"], replayed["items"]
    simulate(own_cloud)
    assert own_cloud.delete(f"{GROUPS}/web")["status"] == "deleted"
    assert own_cloud.containers() == {}


def simulate(cloud: RunningCloud) -> None:
    lazy = {**TRACKING, "target": 99, "periods_in": 60, "periods_out": 60}
    answer = cloud.http.post(f"{GROUPS}/web/simulate", json={"policies": {"lazy": lazy}})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["actions"] == []
    assert told["recorded"]["most_instances"] == 2
    assert told["simulated"]["most_instances"] == 1


def test_what_ends_by_hand_is_replaced_and_a_bad_template_goes_back(cloud: RunningCloud) -> None:
    create(cloud, min=2, max=2, health_check_grace_s=3)
    cloud.delete("/api/instances/web-1")
    wait_until(lambda: in_service(cloud) == ["web-2", "web-3"], "the terminated one is replaced")
    cloud.post("/api/instances/web-2/stop")
    wait_until(lambda: in_service(cloud) == ["web-3", "web-4"], "the stopped one is replaced")
    first = {each["id"] for each in group(cloud)["observed"]["instances"]}
    bad = {
        "template": {
            "command": ["/no-such-program"],
        }
    }
    cloud.http.post(f"{GROUPS}/web/refresh", json=bad).raise_for_status()
    wait_until(
        lambda: group(cloud)["observed"]["refresh"]["status"] == "rolled-back", "the refresh went back"
    )
    wait_until(lambda: set(cloud.containers()) == first, "the bad instance is gone, nothing else")
    cloud.http.post(
        f"{GROUPS}/web/refresh", json={"template": {"env": {"APP_VERSION": "2"}}}
    ).raise_for_status()
    wait_until(lambda: group(cloud)["observed"]["refresh"]["status"] == "succeeded", "all are refreshed")
    wait_until(lambda: len(cloud.containers()) == 2, "the old ones are gone")
    assert not first & set(cloud.containers())
    ran = [c.exec_run(["sh", "-c", "echo $APP_VERSION"]).output for c in cloud.containers().values()]
    assert ran == [b"2\n", b"2\n"]


@pytest.mark.usefixtures("haproxy_image")
def test_a_group_follows_the_requests_that_its_load_balancer_sends(cloud: RunningCloud) -> None:
    port = before(cloud)
    create(cloud, min=1, max=3, **BEHIND)
    policy = {**TRACKING, "metric": "requests", "target": 8, "cooldown_s": 2}
    cloud.http.put(f"{GROUPS}/web/policies/load", json=policy).raise_for_status()
    with load_aside(port) as under:
        wait_until(lambda: actions(cloud)[:1] == ["out"], "the group has decided to grow")
        wait_until(lambda: len(in_service(cloud)) > 1, "more instances serve")
    wait_until(lambda: len(in_service(cloud)) == len(instances(cloud)) == 1, "one instance is left")
    assert under.failures == []
    out = next(each for each in decisions(cloud) if each["action"] == "out")
    assert out["evidence"]["policies"]["load"]["value"] > policy["target"]
    assert cloud.show(f"{GROUPS}/web/replay")["agrees"]
    cloud.delete(f"{GROUPS}/web")


def before(cloud: RunningCloud) -> int:
    """Create a load balancer and return its port."""
    port = free_port()
    front = {"name": "front", "listeners": [{"port": port}], "deregistration_delay_s": 5}
    cloud.post("/api/load-balancers", {**front, "health_check": CHECK})
    return port


@pytest.mark.usefixtures("haproxy_image")
def test_a_group_behind_a_load_balancer_serves_every_request_while_it_grows_and_shrinks(
    cloud: RunningCloud,
) -> None:
    port = before(cloud)
    created = create(cloud, min=1, max=3, **BEHIND)
    assert (created["status"], in_service(cloud)) == ("available", ["web-1"])
    with load_aside(port) as under:
        for desired in (3, 1):
            cloud.http.patch(f"{GROUPS}/web", json={"desired": desired}).raise_for_status()
            wait_until(lambda want=desired: len(in_service(cloud)) == want, f"{desired} serve")
            wait_until(lambda want=desired: len(instances(cloud)) == want, f"{desired} are there")
    assert under.failures == []
    cloud.delete(f"{GROUPS}/web")
    assert cloud.show("/api/load-balancers/front")["status"] == "available"


@pytest.mark.usefixtures("haproxy_image")
def test_a_group_of_which_all_fail_their_checks_is_replaced_one_by_one(cloud: RunningCloud) -> None:
    port = before(cloud)
    create(cloud, min=3, max=3, desired=3, health_check_grace_s=15, **BEHIND)
    first = {each["id"] for each in group(cloud)["observed"]["instances"]}
    with load_aside(port) as under:
        for instance_id in first:
            cloud.container(instance_id).exec_run(["get", "-t", "5", "http://127.0.0.1:8080/health/fail"])
        wait_until(lambda: len(in_service(cloud)) == 3 and not first & known(cloud), "all are replaced", 120)
    assert under.failures == []
    serving, launched = served_and_launched(cloud)
    assert min(serving) == 3, "each went when another one served in its place"
    assert max(launched) == 1, "a fifth of three is one at a time"
    cloud.delete(f"{GROUPS}/web")


def known(cloud: RunningCloud) -> set[str]:
    return {each["id"] for each in group(cloud)["observed"]["instances"]}


def served_and_launched(cloud: RunningCloud) -> tuple[list[int], list[int]]:
    """Return how many instances served and how many were launching, after each event since the group was complete."""
    query = "/api/timeline?resource=web&order=oldest&limit=1000"
    types = [each["type"].removeprefix("scaling_group.") for each in cloud.show(query)["items"]]
    steps = {"instance_launched": (0, 1), "instance_entered": (1, -1), "instance_released": (-1, 0)}
    serving, launched = [0], [0]
    for more, new in (steps[type_] for type_ in types if type_ in steps):
        serving.append(serving[-1] + more)
        launched.append(launched[-1] + new)
    whole = serving.index(3)
    return serving[whole:], launched[whole:]
