"""Addresses, subnets and security groups of what is created in a VPC."""

import asyncio
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from tests.http.in_process import WAIT, Cloud, done, refused
from tests.http.test_plans import actions, applied, proposed

IMAGE = {"image": "nginx:1.27"}


async def made(cloud: Cloud, path: str, **body: Any) -> dict[str, Any]:
    return done(await cloud.admin.post(f"/api/{path}", json=body, headers=WAIT))


async def shop(cloud: Cloud) -> None:
    """Create a VPC with a subnet that is not public, and a security group."""
    await made(cloud, "vpcs", name="shop", cidr="10.77.0.0/24")
    await made(cloud, "subnets", name="inner", vpc="shop", cidr="10.77.0.64/27", public=False)
    await made(cloud, "security-groups", name="db", vpc="shop")


def names(references: list[dict[str, str]]) -> list[str]:
    return [each["name"] for each in references]


async def test_everything_in_a_vpc_has_an_address_and_the_default_group(cloud: Cloud) -> None:
    vpc = (await cloud.admin.get("/api/vpcs/default")).json()
    found = [
        await cloud.launched(),
        await made(cloud, "caches", name="sessions"),
        await made(cloud, "load-balancers", name="front"),
        await made(cloud, "databases", name="orders"),
        await made(cloud, "queues", name="work", engine="nats"),
    ]
    addresses = {each["observed"]["address"] for each in found}
    assert len(addresses) == len(found)
    for each in found:
        assert IPv4Address(each["observed"]["address"]) in IPv4Network(vpc["spec"]["cidr"])
        assert each["spec"]["subnet"]["name"] == "default"
        assert names(each["spec"]["security_groups"]) == ["default"]


async def test_a_place_may_be_chosen(cloud: Cloud) -> None:
    await shop(cloud)
    place: dict[str, Any] = {"vpc": "shop", "subnet": "inner", "security_groups": ["db", "default"]}
    found = await cloud.launched(address="10.77.0.70", **place)
    assert found["observed"]["address"] == "10.77.0.70"
    assert found["spec"]["subnet"]["name"] == "inner"
    assert names(found["spec"]["security_groups"]) == ["db", "default"]
    other = await made(cloud, "caches", name="sessions", **place)
    assert IPv4Address(other["observed"]["address"]) in IPv4Network("10.77.0.64/27")


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "words"),
    [
        ({"address": "10.77.0.1"}, 422, "invalid", "address", "first 4 addresses"),
        ({"address": "10.77.0.70"}, 422, "invalid", "address", "another subnet"),
        ({"address": "10.78.0.70"}, 422, "invalid", "address", "not in the range"),
        ({"address": "x"}, 422, "invalid", "address", "IPv4"),
        ({"address": "10.77.0.9"}, 409, "address_taken", "address", "web-1 has it"),
        ({"subnet": "nowhere"}, 404, "not_found", "subnet", "`nowhere`"),
        ({"security_groups": ["none"]}, 404, "not_found", "security_groups", "`none`"),
        ({"security_groups": []}, 422, "invalid", "security_groups", "1 to 5"),
        ({"security_groups": ["db"] * 6}, 422, "invalid", "security_groups", "1 to 5"),
        ({"security_groups": ["db", "db"]}, 422, "invalid", "security_groups", "twice"),
        (
            {"subnet": "inner", "ports": [{"port": 80, "publish": 8080}]},
            *(409, "subnet_not_public", "subnet", "not public"),
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    cloud: Cloud, body: dict[str, Any], status: int, code: str, field: str, words: str
) -> None:
    await shop(cloud)
    await cloud.launched(vpc="shop", address="10.77.0.9")
    answer = await cloud.admin.post("/api/instances", json={"name": "web-2", **IMAGE, "vpc": "shop", **body})
    assert refused(answer, status, code, words)["field"] == field


async def test_a_place_of_another_vpc_is_refused(cloud: Cloud) -> None:
    await shop(cloud)
    for body in ({"subnet": "inner.shop"}, {"security_groups": ["db.shop"]}):
        answer = await cloud.admin.post("/api/caches", json={"name": "sessions", **body})
        refused(answer, 422, "invalid", "it is in VPC shop")


async def test_concurrent_launches_fill_a_subnet_without_a_refusal(cloud: Cloud) -> None:
    await made(cloud, "vpcs", name="tiny", cidr="10.77.0.0/28")
    bodies = [{"name": f"web-{number}", **IMAGE, "vpc": "tiny"} for number in range(12)]
    asked = [cloud.admin.post("/api/instances", json=each) for each in bodies]
    answers = await asyncio.gather(*asked)
    accepted = [done(each)["observed"]["address"] for each in answers if each.status_code == 202]
    assert sorted(accepted, key=IPv4Address) == [f"10.77.0.{last}" for last in range(4, 15)]
    [full] = [each for each in answers if each.status_code != 202]
    assert refused(full, 409, "no_free_address", "subnet default", "10.77.0.0/28")["field"] == "subnet"


async def test_an_address_is_kept_while_it_is_stopped_and_free_when_it_is_gone(cloud: Cloud) -> None:
    found = await cloud.launched()
    address, path = found["observed"]["address"], f"/api/instances/{found['id']}"
    stopped = done(await cloud.admin.post(f"{path}/stop", headers=WAIT), "stopped")
    assert stopped["observed"]["address"] == address
    again = await cloud.admin.post("/api/instances", json={"name": "web-2", **IMAGE, "address": address})
    refused(again, 409, "address_taken", "web-1")
    done(await cloud.admin.delete(path, headers=WAIT))
    other = await cloud.launched("web-2", address=address)
    assert other["observed"]["address"] == address


async def test_security_groups_are_changed_of_what_runs(cloud: Cloud) -> None:
    await shop(cloud)
    web = await cloud.launched(vpc="shop")
    cache = await made(cloud, "caches", name="sessions", vpc="shop")
    front = await made(cloud, "load-balancers", name="front", vpc="shop")
    for path in (f"instances/{web['id']}", f"caches/{cache['id']}", f"load-balancers/{front['id']}"):
        body = {"security_groups": ["db"]}
        changed = done(await cloud.admin.patch(f"/api/{path}", json=body, headers=WAIT))
        assert names(changed["spec"]["security_groups"]) == ["db"]
        refused(await cloud.admin.patch(f"/api/{path}", json={"security_groups": ["none"]}), 404, "not_found")
    used = await cloud.admin.delete("/api/security-groups/db.shop")
    assert {each["name"] for each in refused(used, 409, "conflict")["used_by"]} == {
        "web-1",
        "sessions",
        "front",
    }


async def test_a_balancer_that_is_not_public_cannot_begin_to_listen(cloud: Cloud) -> None:
    await shop(cloud)
    await made(cloud, "load-balancers", name="front", vpc="shop", subnet="inner")
    answer = await cloud.admin.patch("/api/load-balancers/front", json={"listeners": [{"port": 8081}]})
    assert refused(answer, 409, "subnet_not_public", "inner")["field"] == "listeners"


async def test_a_subnet_becomes_private_and_public_for_other_processes_at_once(cloud: Cloud) -> None:
    await shop(cloud)
    other = cloud.client(cloud.key, await cloud.another_process())
    published = {**IMAGE, "vpc": "shop", "subnet": "inner", "ports": [{"port": 80, "publish": 8080}]}
    refused(await other.post("/api/instances", json={"name": "a", **published}), 409, "subnet_not_public")
    done(await cloud.admin.patch("/api/subnets/inner.shop", json={"public": True}))
    done(await other.post("/api/instances", json={"name": "a", **published}))
    done(await other.delete("/api/instances/a", params={"purge": "true"}, headers=WAIT))
    done(await cloud.admin.patch("/api/subnets/inner.shop", json={"public": False}))
    refused(await other.post("/api/instances", json={"name": "a", **published}), 409, "subnet_not_public")


async def test_a_range_that_became_a_subnet_is_given_to_nobody_else(cloud: Cloud) -> None:
    await made(cloud, "vpcs", name="tiny", cidr="10.77.0.0/26")
    other = cloud.client(cloud.key, await cloud.another_process())
    done(await other.post("/api/caches", json={"name": "before", "vpc": "tiny"}))
    taken = (await other.get("/api/caches/before")).json()["observed"]["address"]
    free = next(
        each for each in IPv4Network("10.77.0.0/26").subnets(new_prefix=28) if IPv4Address(taken) not in each
    )
    await made(cloud, "subnets", name="inner", vpc="tiny", cidr=str(free))
    for number in range(8):
        found = done(await other.post("/api/caches", json={"name": f"c-{number}", "vpc": "tiny"}))
        assert IPv4Address(found["observed"]["address"]) not in free


NETWORK: list[dict[str, Any]] = [
    {"kind": "vpc", "name": "shop", "spec": {"cidr": "10.77.0.0/24"}},
    {"kind": "subnet", "name": "inner", "spec": {"vpc": "shop", "cidr": "10.77.0.64/27", "public": False}},
    {"kind": "security_group", "name": "db", "spec": {"vpc": "shop"}},
]
PLACE: dict[str, Any] = {"vpc": "shop", "subnet": "inner", "security_groups": ["db", "default"]}
MEMBERS: list[dict[str, Any]] = [
    {"kind": "scaling_group", "name": "crew", "spec": {"min": 0, "template": {**IMAGE, **PLACE}}},
    {"kind": "instance", "name": "web-1", "spec": {**IMAGE, **PLACE}},
    {"kind": "cache", "name": "sessions", "spec": PLACE},
    {"kind": "load_balancer", "name": "front", "spec": PLACE},
]


async def test_a_manifest_puts_resources_into_subnets_and_groups_that_it_creates(cloud: Cloud) -> None:
    plan = await proposed(cloud, [*MEMBERS, *NETWORK])
    assert {name for _, name, _ in actions(plan)[:3]} == {"shop", "inner.shop", "db.shop"}
    await applied(cloud, plan)
    found = (await cloud.admin.get("/api/instances/web-1")).json()
    assert (found["spec"]["subnet"]["name"], names(found["spec"]["security_groups"])) == (
        "inner",
        ["db", "default"],
    )
    swapped = {**IMAGE, **PLACE, "security_groups": ["default", "db"]}
    again = [{"kind": "instance", "name": "web-1", "spec": swapped}, *MEMBERS[2:], *NETWORK]
    assert actions(await proposed(cloud, again)) == []


async def test_a_plan_takes_members_out_of_a_group_before_it_is_deleted(cloud: Cloud) -> None:
    await applied(cloud, await proposed(cloud, [*MEMBERS[1:], *NETWORK], set="shop"))
    moved = [{**each, "spec": {**each["spec"], "security_groups": ["default"]}} for each in MEMBERS[1:]]
    plan = await proposed(cloud, [*moved, *NETWORK[:2]], set="shop", prune=True)
    steps = actions(plan)
    assert steps[-1][:2] == ("delete", "db.shop")
    assert {action for action, _, _ in steps[:-1]} == {"change"}
    await applied(cloud, plan)
    assert (await cloud.admin.get("/api/security-groups/db.shop")).json()["status"] == "deleted"


async def test_another_subnet_replaces_an_instance_and_no_cache(cloud: Cloud) -> None:
    await applied(cloud, await proposed(cloud, [*MEMBERS[1:3], *NETWORK]))
    spec = {**PLACE, "subnet": "default"}
    moved = [{**each, "spec": {**each["spec"], **spec}} for each in MEMBERS[1:3]]
    plan = await proposed(cloud, moved)
    assert {(action, name) for action, name, _ in actions(plan)} == {
        ("replace", "web-1"),
        ("cannot", "sessions"),
    }


async def test_a_manifest_that_names_what_nobody_describes_is_refused(cloud: Cloud) -> None:
    spec = {**IMAGE, "security_groups": ["none"]}
    body = {"type": "apply", "manifest": [{"kind": "instance", "name": "web-1", "spec": spec}]}
    refused(await cloud.admin.post("/api/plans", json=body), 422, "invalid", "none")
