"""Plans: proposed, applied, continued, refused."""

from typing import Any

from adapters.event_store.audit import audit
from domain.errors import ImagePending
from miniaws import bootstrap
from tests.http.in_process import CANARY, WAIT, Cloud, done, refused
from tests.runtime.running import eventually

SHOP: list[dict[str, Any]] = [
    {"kind": "instance", "name": "web-1", "spec": {
        "image": "nginx:1.27", "vpc": "shop", "env": {"TOKEN": CANARY},
        "volumes": [{"volume": "files", "path": "/data"}]}},
    {"kind": "vpc", "name": "shop"},
    {"kind": "volume", "name": "files", "tags": {"env": "test"}},
]  # fmt: skip


async def proposed(cloud: Cloud, manifest: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a new plan that applies a manifest."""
    body = {"type": "apply", "manifest": manifest, **more}
    return done(await cloud.admin.post("/api/plans", json=body), "proposed")


async def applied(cloud: Cloud, plan: dict[str, Any], status: str = "applied") -> dict[str, Any]:
    """Apply a plan, and return it when it has ended."""
    answer = await cloud.admin.post(f"/api/plans/{plan['name']}/apply", headers=WAIT)
    return done(answer, status)


def actions(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return action, name and status of each step, in order."""
    steps = plan["observed"]["steps"]
    return [(each["action"], each["resource"]["name"], each["status"]) for each in steps]


async def test_a_manifest_is_applied_in_the_order_of_its_references(cloud: Cloud) -> None:
    plan = await proposed(cloud, SHOP)
    names = [name for _, name, _ in actions(plan)]
    assert names.index("web-1") == 2
    assert (await cloud.admin.get("/api/vpcs/shop")).status_code == 404, "a proposed plan changes nothing"
    ended = await applied(cloud, plan)
    assert ended["observed"]["progress"] == {"completed": 3}
    instance = (await cloud.admin.get("/api/instances/web-1")).json()
    assert (instance["status"], instance["spec"]["vpc"]["name"]) == ("running", "shop")
    container = cloud.engine.containers[instance["id"]]
    assert container.spec.environment["TOKEN"] == CANARY


async def test_the_same_manifest_twice_is_nothing_to_do(cloud: Cloud) -> None:
    await applied(cloud, await proposed(cloud, SHOP))
    again = await proposed(cloud, SHOP)
    assert actions(again) == []
    assert (await applied(cloud, again))["status"] == "applied"


async def test_every_command_leads_back_to_the_person_who_applied(cloud: Cloud) -> None:
    plan = await applied(cloud, await proposed(cloud, SHOP))
    timeline = (await cloud.admin.get("/api/timeline", params={"kind": "plan"})).json()["items"]
    asked = next(event for event in timeline if event["type"] == "plan.apply_requested")
    for step in plan["observed"]["steps"]:
        led_to = (
            await cloud.admin.get("/api/timeline", params={"from": step["event"] - 1, "to": step["event"]})
        ).json()
        (event,) = led_to["items"]
        assert (event["causationid"], event["actor"]) == (asked["position"], asked["actor"])
        assert event["correlationid"] == asked["correlationid"]


async def test_a_plan_that_is_stale_is_refused_with_the_difference_as_it_is_now(cloud: Cloud) -> None:
    plan = await proposed(cloud, [{"kind": "vpc", "name": "shop"}])
    done(await cloud.admin.post("/api/vpcs", json={"name": "shop", "tags": {"by": "hand"}}))
    answer = await cloud.admin.post(f"/api/plans/{plan['id']}/apply")
    problem = refused(answer, 409, "plan_stale", plan["name"], "refresh")
    assert [step["action"] for step in problem["steps"]] == ["change"]
    refreshed = done(await cloud.admin.post(f"/api/plans/{plan['id']}/refresh"), "proposed")
    assert actions(refreshed) == [("change", "shop", "pending")]
    await applied(cloud, refreshed)
    assert (await cloud.admin.get("/api/vpcs/shop")).json()["tags"] == {}


async def test_while_a_plan_is_applied_its_resources_refuse_other_changes(cloud: Cloud) -> None:
    await cloud.launched("web-1")
    tagged = {"kind": "instance", "name": "web-2", "tags": {"by": "plan"}, "spec": {"image": "nginx:1.27"}}
    for name in ("web-2", "web-3"):
        await cloud.launched(name)
    cloud.engine.fail("containers.remove", ImagePending("is pulled"), None)
    replaced = {"kind": "instance", "name": "web-1", "spec": {"image": "nginx:1.28"}}
    plan = await proposed(cloud, [replaced, tagged])
    done(await cloud.admin.post(f"/api/plans/{plan['id']}/apply"), "applying")
    await eventually(lambda: shows(cloud, "instances/web-2", "tags", {"by": "plan"}))
    by_hand = {"tags": {"by": "hand"}}
    answer = await cloud.admin.patch("/api/instances/web-2", json=by_hand)
    assert refused(answer, 409, "being_planned", "web-2", plan["name"])["plan"] == plan["name"]
    second = await proposed(cloud, [{**tagged, "tags": {"by": "second"}}])
    refused(await cloud.admin.post(f"/api/plans/{second['id']}/apply"), 409, "being_planned", plan["name"])
    done(await cloud.admin.patch("/api/instances/web-3", json=by_hand))
    cloud.engine.heal("containers.remove")
    await eventually(lambda: shows(cloud, f"plans/{plan['id']}", "status", "applied"))
    done(await cloud.admin.patch("/api/instances/web-2", json=by_hand))


async def test_a_failed_step_is_told_and_the_plan_continues_when_it_is_applied_again(cloud: Cloud) -> None:
    done(await cloud.admin.post("/api/vpcs", json={"name": "other", "cidr": "10.77.0.0/24"}, headers=WAIT))
    manifest = [
        {"kind": "vpc", "name": "shop", "spec": {"cidr": "10.77.0.0/24"}},
        {"kind": "instance", "name": "web-1", "spec": {"image": "nginx:1.27", "vpc": "shop"}},
        {"kind": "volume", "name": "files"},
    ]
    plan = await proposed(cloud, manifest)
    ended = await applied(cloud, plan, "failed")
    found = {name: status for _, name, status in actions(ended)}
    assert found == {"shop": "failed", "web-1": "skipped", "files": "completed"}
    assert "10.77.0.0/24" in next(
        step["reason"] for step in ended["observed"]["steps"] if step["status"] == "failed"
    )
    volume = (await cloud.admin.get("/api/volumes/files")).json()
    done(await cloud.admin.delete("/api/vpcs/other", headers=WAIT), "deleted")
    ended = await applied(cloud, plan)
    assert {status for _, _, status in actions(ended)} == {"completed"}
    assert (await cloud.admin.get("/api/volumes/files")).json()["version"] == volume["version"]


async def test_a_cancelled_plan_lets_go_of_its_resources_and_its_secrets(cloud: Cloud) -> None:
    plan = await proposed(cloud, SHOP)
    done(await cloud.admin.delete(f"/api/plans/{plan['id']}"), "cancelled")
    refused(await cloud.admin.post(f"/api/plans/{plan['id']}/apply"), 409, "plan_ended", "cancelled")
    assert (await cloud.admin.get("/api/plans")).json()["items"] == []
    assert audit(bootstrap.conninfo(cloud.settings)) == []


async def test_no_answer_and_no_event_holds_a_secret_of_a_manifest(cloud: Cloud) -> None:
    plan = await proposed(cloud, SHOP)
    history = await cloud.admin.get(f"/api/resources/{plan['id']}/history")
    timeline = await cloud.admin.get("/api/timeline", params={"kind": "plan"})
    for answer in (history, timeline):
        assert CANARY not in answer.text
    await applied(cloud, plan)
    changed = [{**SHOP[0], "spec": {**SHOP[0]["spec"], "env": {"TOKEN": "another"}}}]
    assert actions(await proposed(cloud, changed))[0][0] == "replace"


async def shows(cloud: Cloud, path: str, field: str, expected: object) -> bool:
    return (await cloud.admin.get(f"/api/{path}")).json()[field] == expected
