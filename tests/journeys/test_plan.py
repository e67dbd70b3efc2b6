"""Plans on a real engine: a shop is described, changed, rewound and forked, while the controller dies."""

from typing import Any

import orjson

from tests.conftest import listening_port
from tests.journeys.running_cloud import IMAGE, RunningCloud, kill, wait_until

APPLIED_S = 180


def shop(port: int) -> list[dict[str, Any]]:
    """Return the manifest of a shop."""
    web = {"image": IMAGE, "type": "nano", "vpc": "shop"}
    return [
        {"kind": "vpc", "name": "shop"},
        {"kind": "volume", "name": "files"},
        {"kind": "instance", "name": "web-1", "spec": web},
        {
            "kind": "instance",
            "name": "web-2",
            "spec": {**web, "volumes": [{"volume": "files", "path": "/data"}]},
        },
        {
            "kind": "load_balancer",
            "name": "front",
            "spec": {
                "vpc": "shop",
                "listeners": [{"port": port}],
                "targets": [{"instance": name, "port": 8080} for name in ("web-1", "web-2")],
            },
        },
    ]


def propose(cloud: RunningCloud, body: dict[str, Any]) -> dict[str, Any]:
    answer = cloud.http.post("/api/plans", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def carry_out(cloud: RunningCloud, **body: Any) -> dict[str, Any]:
    """Propose and apply a plan; return it when it was applied."""
    plan = propose(cloud, body)
    cloud.http.post(f"/api/plans/{plan['id']}/apply").raise_for_status()
    return applied(cloud, plan)


def applied(cloud: RunningCloud, plan: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/plans/{plan['id']}"
    wait_until(lambda: cloud.show(path)["status"] != "applying", "the plan has ended", APPLIED_S)
    ended = cloud.show(path)
    failed = [step for step in ended["observed"]["steps"] if step["status"] != "completed"]
    assert ended["status"] == "applied", orjson.dumps(failed).decode()
    return ended


def completed(cloud: RunningCloud, plan: dict[str, Any]) -> int:
    progress = cloud.show(f"/api/plans/{plan['id']}")["observed"]["progress"]
    return progress.get("completed", 0)


def wait_until_completed(cloud: RunningCloud, plan: dict[str, Any], count: int) -> None:
    wait_until(lambda: completed(cloud, plan) >= count, f"{count} steps are completed", APPLIED_S)


def test_an_instance_that_crashes_for_ever_fails_its_step_in_time_and_no_other(
    impatient: RunningCloud,
) -> None:
    # Under an init process it would run for an instant, in which the step can be completed.
    hopeless = {"image": IMAGE, "type": "nano", "command": ["/no/such/program"], "init": False}
    manifest = [
        {"kind": "instance", "name": "hopeless", "spec": hopeless},
        {"kind": "volume", "name": "files"},
    ]
    plan = propose(impatient, {"type": "apply", "manifest": manifest})
    impatient.http.post(f"/api/plans/{plan['id']}/apply").raise_for_status()
    wait_until_completed(impatient, plan, 1)
    kill(impatient.controllers.pop(0))
    impatient.start_controller()
    path = f"/api/plans/{plan['id']}"
    wait_until(lambda: impatient.show(path)["status"] == "failed", "the plan has failed", APPLIED_S)
    steps = {each["resource"]["name"]: each for each in impatient.show(path)["observed"]["steps"]}
    assert steps["files"]["status"] == "completed"
    assert "it has not settled within 8 s" in steps["hopeless"]["reason"]
    impatient.delete("/api/instances/hopeless")


def test_a_shop_is_rewound_and_the_rewind_is_undone(cloud: RunningCloud) -> None:
    manifest = shop(listening_port())
    carry_out(cloud, type="apply", manifest=manifest)
    then = cloud.show("/api/timeline?limit=1")["items"][0]["position"]
    manifest[2]["spec"] = {**manifest[2]["spec"], "restart": "never"}
    manifest[4]["tags"] = {"release": "2"}
    carry_out(cloud, type="apply", manifest=manifest)
    assert cloud.instance("web-1")["spec"]["restart"] == "never"
    rewound = carry_out(cloud, type="rewind", to=str(then), scope={"vpc": "shop"})
    assert cloud.instance("web-1")["spec"]["restart"] == "always"
    assert cloud.show("/api/load-balancers/front")["tags"] == {}
    undone = cloud.show(f"/api/timeline?resource={rewound['id']}&type=plan.apply_requested")["items"][0]
    carry_out(cloud, type="undo", request=undone["correlationid"])
    assert cloud.instance("web-1")["spec"]["restart"] == "never"
    assert cloud.show("/api/load-balancers/front")["tags"] == {"release": "2"}
    carry_out(cloud, type="fork", name="shop-debug", scope={"vpc": "shop"})
    assert cloud.instance("web-1-debug")["status"] == "running"
    carry_out(cloud, type="remove", scope={"tags": {"miniaws:fork": "shop-debug"}})
    assert cloud.http.get("/api/vpcs/shop-debug").json()["status"] == "deleted"
    assert cloud.instance("web-1")["status"] == "running"
