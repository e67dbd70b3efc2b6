"""Plans that lead back: rewind, undo, and forks, through the whole API on the memory adapters."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from domain.plan import Estate, Key
from miniaws.application import Cloud as Application
from miniaws.commands.plan import estates
from tests.http.in_process import CANARY, WAIT, Cloud, done, open_cloud

FILES = {"name": "web-1"}
SHOP: list[dict[str, Any]] = [
    {"kind": "vpc", "name": "shop", "spec": {"cidr": "10.77.0.0/24"}},
    {"kind": "volume", "name": "files", "tags": {"env": "test"}},
    {
        "kind": "instance",
        "name": "web-1",
        "spec": {
            "image": "nginx:1.27",
            "vpc": "shop",
            "env": {"TOKEN": CANARY},
            "ports": [{"port": 80, "publish": 8081}],
            "volumes": [{"volume": "files", "path": "/data"}],
        },
    },
    {
        "kind": "load_balancer",
        "name": "front",
        "spec": {
            "vpc": "shop",
            "listeners": [{"port": 8090}],
            "targets": [{"instance": "web-1", "port": 80}],
        },
    },
]


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, trash_hours=72) as opened:
        yield opened


async def carried_out(cloud: Cloud, **body: Any) -> dict[str, Any]:
    """Propose and apply a plan, and return it when it has ended."""
    plan = done(await cloud.admin.post("/api/plans", json=body), "proposed")
    answer = await cloud.admin.post(f"/api/plans/{plan['name']}/apply", headers=WAIT)
    return done(answer, "applied")


async def position(cloud: Cloud) -> int:
    """Return the newest position."""
    items = (await cloud.admin.get("/api/timeline", params={"limit": 1})).json()["items"]
    return items[0]["position"]


async def estate(cloud: Cloud) -> Estate:
    """Return the estate as it is."""
    inner: Application = cloud.app.state.cloud
    return await estates.at_position(inner, "main", await position(cloud))


def specs(of: Estate) -> dict[Key, tuple[Any, Any, bool | None]]:
    """Return everything but the identities."""
    return {key: (each.spec, each.tags, each.running) for key, each in of.items()}


def steps(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["action"], each["resource"]["name"]) for each in plan["observed"]["steps"]]


async def test_a_rewind_leads_to_the_estate_of_the_moment(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    then = await position(cloud)
    before = await estate(cloud)
    changed = [dict(each) for each in SHOP]
    changed[2] = {**SHOP[2], "spec": {**SHOP[2]["spec"], "image": "nginx:1.28"}}
    changed[3] = {**SHOP[3], "spec": {**SHOP[3]["spec"], "listeners": [{"port": 8091}]}}
    await carried_out(cloud, type="apply", manifest=changed)
    done(await cloud.admin.post("/api/volumes", json={"name": "later"}, headers=WAIT), "available")
    rewound = await carried_out(cloud, type="rewind", to=str(then))
    assert specs(await estate(cloud)) == specs(before)
    assert [each["reason"] for each in rewound["observed"]["steps"] if each["action"] == "cannot"] == []
    again = done(await cloud.admin.post("/api/plans", json={"type": "rewind", "to": str(then)}), "proposed")
    assert steps(again) == []
    instance = (await cloud.admin.get("/api/instances/web-1")).json()
    assert cloud.engine.containers[instance["id"]].spec.environment["TOKEN"] == CANARY


async def test_a_rewind_brings_back_the_secrets_of_an_instance_that_was_replaced(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    then = await position(cloud)
    spec = {**SHOP[2]["spec"], "env": {"TOKEN": "another"}}
    await carried_out(cloud, type="apply", manifest=[*SHOP[:2], {**SHOP[2], "spec": spec}, SHOP[3]])
    await carried_out(cloud, type="rewind", to=str(then))
    instance = (await cloud.admin.get("/api/instances/web-1")).json()
    assert cloud.engine.containers[instance["id"]].spec.environment["TOKEN"] == CANARY
    again = done(await cloud.admin.post("/api/plans", json={"type": "rewind", "to": str(then)}), "proposed")
    assert steps(again) == []


async def test_a_fork_is_removed_and_its_original_stays(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    before = await estate(cloud)
    await carried_out(cloud, type="fork", name="shop-debug", publish={"8081": 9081}, scope={"vpc": "shop"})
    removed = {"tags": {"miniaws:fork": "shop-debug"}}
    await carried_out(cloud, type="remove", scope=removed)
    assert specs(await estate(cloud)) == specs(before)
    for scope, status in ((removed, 404), ({}, 422)):
        answer = await cloud.admin.post("/api/plans", json={"type": "remove", "scope": scope})
        assert (answer.status_code, answer.json()["field"]) == (status, "scope")


async def test_an_undo_takes_back_what_one_request_did_and_nothing_else(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    before = await estate(cloud)
    await cloud.admin.patch("/api/volumes/files", json={"tags": {"env": "live"}})
    at = await position(cloud)
    await cloud.admin.patch("/api/load-balancers/front", json={"tags": {"team": "shop"}})
    undone = await carried_out(cloud, type="undo", position=at)
    assert steps(undone) == [("change", "files")]
    after = await estate(cloud)
    assert after[Key("load_balancer", "front")].tags == {"team": "shop"}
    assert after[Key("volume", "files")].tags == before[Key("volume", "files")].tags


async def test_an_undo_of_what_was_changed_again_says_so_and_can_be_forced(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP[:2])
    await cloud.admin.patch("/api/volumes/files", json={"tags": {"env": "live"}})
    at = await position(cloud)
    await cloud.admin.patch("/api/volumes/files", json={"tags": {"env": "gone"}})
    plan = done(await cloud.admin.post("/api/plans", json={"type": "undo", "position": at}), "proposed")
    assert steps(plan) == [("cannot", "files")]
    await carried_out(cloud, type="undo", position=at, force=True)
    assert (await cloud.admin.get("/api/volumes/files")).json()["tags"] == {"env": "test"}


async def test_a_fork_stands_beside_its_original(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    before = await estate(cloud)
    await carried_out(cloud, type="fork", name="shop-debug", publish={"8081": 9081}, scope={"vpc": "shop"})
    after = await estate(cloud)
    assert {key: each for key, each in specs(after).items() if "debug" not in key.name} == specs(before)
    copy = after[Key("instance", "web-1-debug")].spec
    assert (copy["vpc"], copy["ports"][0]["publish"]) == ("shop-debug", 9081)
    instance = (await cloud.admin.get("/api/instances/web-1-debug")).json()
    assert cloud.engine.containers[instance["id"]].spec.environment["TOKEN"] == CANARY


async def test_a_moment_that_is_none_is_refused_with_its_field(cloud: Cloud) -> None:
    for to in ("yesterday", "99999999", "2126-01-01T00:00:00Z"):
        answer = await cloud.admin.post("/api/plans", json={"type": "rewind", "to": to})
        assert (answer.status_code, answer.json()["field"]) == (422, "to"), to


async def test_the_files_of_a_volume_go_back_to_its_snapshot_and_an_undo_brings_the_newest_back(
    cloud: Cloud,
) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP)
    before = (await cloud.admin.get("/api/volumes/files")).json()
    body = {"name": "nightly", "volume": "files"}
    taken = done(await cloud.admin.post("/api/snapshots", json=body, headers=WAIT), "available")
    rewound = await carried_out(
        cloud, type="rewind", to=str(await position(cloud)), data="rewind", scope=FILES
    )
    assert steps(rewound) == [
        ("stop", "web-1"),
        ("change", "files"),
        ("replace", "files"),
        ("swap", "files"),
        ("change", "files"),
        ("start", "web-1"),
    ]
    swapped = (await cloud.admin.get("/api/volumes/files")).json()
    assert swapped["spec"]["restored_from"]["snapshot_id"] == taken["id"]
    assert (swapped["tags"], swapped["observed"]["attached_to"]["name"]) == (before["tags"], "web-1")
    applied = (await cloud.admin.get("/api/timeline", params={"type": "plan.apply_requested"})).json()
    await carried_out(cloud, type="undo", position=applied["items"][0]["position"])
    again = (await cloud.admin.get("/api/volumes/files")).json()
    assert (again["id"], again["observed"]["attached_to"]["name"]) == (before["id"], "web-1")
    assert (await cloud.admin.get("/api/instances/web-1")).json()["status"] == "running"


async def test_a_plan_says_that_an_image_has_changed_since(cloud: Cloud) -> None:
    await carried_out(cloud, type="apply", manifest=SHOP[:3])
    first = (await cloud.admin.get("/api/instances/web-1")).json()["observed"]["image_digest"]
    then = await position(cloud)
    again = {**SHOP[2], "spec": {**SHOP[2]["spec"], "restart": "never"}}
    await carried_out(cloud, type="apply", manifest=[*SHOP[:2], again])
    body = {"type": "fork", "to": str(then), "name": "shop-debug", "scope": {"vpc": "shop"}}
    same = done(await cloud.admin.post("/api/plans", json=body), "proposed")
    cloud.engine.contents["nginx:1.27"] = "another build"
    other = done(await cloud.admin.post("/api/plans", json={**body, "name": "shop-other"}), "proposed")
    says = [
        "the image nginx:1.27 has changed since" in step["data"]
        for plan in (same, other)
        for step in plan["observed"]["steps"]
        if step["resource"]["kind"] == "instance"
    ]
    assert first.startswith("sha256:")
    assert says == [False, True]
