"""Subnets and security groups over HTTP: their rules, what uses them, and which connections are let through."""

from typing import Any

import pytest

from tests.http.in_process import WAIT, Cloud, done, refused

POSTGRES = {"protocol": "tcp", "from_port": 5432}


async def made(cloud: Cloud, path: str, **body: Any) -> dict[str, Any]:
    return done(await cloud.admin.post(f"/api/{path}", json=body, headers=WAIT))


async def checked(cloud: Cloud, source: str, to: str, port: int = 5432, **more: Any) -> dict[str, Any]:
    body = {"from": source, "to": to, "port": port, **more}
    answer = await cloud.admin.post("/api/security-groups/check", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shop(cloud: Cloud) -> None:
    """Create a VPC with a database that only the group `app` reaches, and an instance in each of two groups."""
    await made(cloud, "vpcs", name="shop", cidr="10.77.0.0/24")
    await made(cloud, "security-groups", name="app", vpc="shop")
    rule = {**POSTGRES, "group": "app", "description": "the shop"}
    await made(cloud, "security-groups", name="db", vpc="shop", ingress=[rule])
    await cloud.launched("web", vpc="shop", security_groups=["app"])
    await cloud.launched("guest", vpc="shop")
    await made(cloud, "databases", name="orders", vpc="shop", security_groups=["db"])


async def test_every_vpc_has_a_subnet_and_a_group_from_its_creation_to_its_deletion(cloud: Cloud) -> None:
    await made(cloud, "vpcs", name="shop", cidr="10.77.0.0/24")
    for path in ("subnets", "security-groups"):
        found = (await cloud.admin.get(f"/api/{path}/default.shop")).json()
        assert (found["name"], found["spec"]["vpc"]["name"], found["status"]) == (
            "default",
            "shop",
            "available",
        )
        refused(
            await cloud.admin.delete(f"/api/{path}/default.shop"), 409, f"default_{path.split('-')[-1][:-1]}"
        )
        ambiguous = refused(await cloud.admin.get(f"/api/{path}/default"), 422, "invalid")
        assert "default.shop" in ambiguous["detail"]
    assert (await cloud.admin.delete("/api/vpcs/shop", headers=WAIT)).status_code == 202
    assert (await cloud.admin.get("/api/subnets/default.shop")).json()["status"] == "deleted"
    assert (await cloud.admin.get("/api/subnets/default")).json()["spec"]["vpc"]["name"] == "default"


async def test_a_subnet_takes_its_range_from_the_default_one(cloud: Cloud) -> None:
    await made(cloud, "vpcs", name="shop", cidr="10.77.0.0/24")
    await cloud.launched("web", vpc="shop", address="10.77.0.70")
    used = {"name": "inner", "vpc": "shop", "cidr": "10.77.0.64/27"}
    problem = refused(await cloud.admin.post("/api/subnets", json=used), 409, "subnet_range_taken")
    assert problem["used_by"] == [{"address": "10.77.0.70", "name": "web"}]
    inner = await made(cloud, "subnets", name="inner", vpc="shop", prefix=26)
    assert inner["spec"]["cidr"] == "10.77.0.192/26"
    await cloud.launched("api", vpc="shop", subnet="inner")
    refused(await cloud.admin.delete("/api/subnets/inner"), 409, "conflict")
    await cloud.admin.delete("/api/instances/api?purge=true", headers=WAIT)
    assert (await cloud.admin.delete("/api/subnets/inner")).status_code == 202
    again = await made(cloud, "subnets", name="inner", vpc="shop", cidr="10.77.0.128/25")
    assert again["status"] == "available"


async def test_a_subnet_stays_public_while_a_member_publishes_a_port(cloud: Cloud) -> None:
    await cloud.launched("web", ports=[{"port": 80, "publish": 8080}])
    path, body = "/api/subnets/default.default", {"public": False}
    assert "web" in refused(await cloud.admin.patch(path, json=body), 409, "conflict")["detail"]
    await cloud.admin.delete("/api/instances/web?purge=true", headers=WAIT)
    assert done(await cloud.admin.patch(path, json=body))["spec"]["public"] is False


async def test_rules_are_added_taken_out_and_replaced(cloud: Cloud) -> None:
    await made(cloud, "security-groups", name="db")
    path, rule = "/api/security-groups/db", {**POSTGRES, "cidr": "10.0.0.0/8"}
    found = done(await cloud.admin.post(f"{path}/rules", json={"ingress": [rule]}))
    added = found["spec"]["rules"][-1]
    assert (added["from_port"], added["to_port"], added["cidr"]) == (5432, 5432, "10.0.0.0/8")
    again = await cloud.admin.post(f"{path}/rules", json={"ingress": [rule]})
    assert added["id"] in refused(again, 409, "rule_exists")["detail"]
    found = done(await cloud.admin.delete(f"{path}/rules/{added['id']}"))
    assert [each["direction"] for each in found["spec"]["rules"]] == ["egress"]
    refused(await cloud.admin.delete(f"{path}/rules/{added['id']}"), 404, "unknown_rule")
    found = done(await cloud.admin.patch(path, json={"egress": [], "ingress": [rule]}))
    assert [each["id"] for each in found["spec"]["rules"]] == [added["id"]]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"protocol": "tcp", "cidr": "0.0.0.0/0"}, "ingress.0.from_port"),
        ({**POSTGRES, "cidr": "::/0"}, "ingress.0.cidr"),
        (POSTGRES, "ingress.0.cidr"),
        ({**POSTGRES, "cidr": "10.0.0.0/8", "group": "db"}, "ingress.0.cidr"),
        ({**POSTGRES, "protocol": "sctp"}, "ingress.0.protocol"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_with_its_path(
    cloud: Cloud, rule: dict[str, Any], field: str
) -> None:
    answer = await cloud.admin.post("/api/security-groups", json={"name": "db", "ingress": [rule]})
    assert refused(answer, 422, "invalid")["field"] == field


async def test_what_the_rules_allow_is_told_with_the_rule(cloud: Cloud) -> None:
    await shop(cloud)
    found = await checked(cloud, "web", "orders")
    assert (found["allowed"], found["ingress"]["group"]["name"]) == (True, "db")
    assert found["ingress"]["rule"]["description"] == "the shop"
    assert found["egress"]["group"]["name"] == "app"
    for source, port in (("guest", 5432), ("web", 22), ("203.0.113.9", 5432)):
        dropped = await checked(cloud, source, "orders", port)
        assert (dropped["allowed"], dropped["ingress"]) == (False, None)
    by_address = await checked(cloud, found["from"]["address"], found["to"]["address"])
    assert by_address["ingress"] == found["ingress"]
    assert by_address["from"]["resource"]["name"] == "web"


async def test_a_probe_tries_what_the_rules_say(cloud: Cloud) -> None:
    await shop(cloud)
    for source, passed in (("web", True), ("guest", False)):
        assert (await checked(cloud, source, "orders", probe=True))["probe"] == {"passed": passed}
    body = {"from": "203.0.113.9", "to": "orders", "port": 5432, "probe": True}
    refused(await cloud.admin.post("/api/security-groups/check", json=body), 409, "not_probed")
    viewer = await cloud.another("viewer")
    refused(await viewer.post("/api/security-groups/check", json=body), 403, "forbidden")


async def test_a_group_that_is_used_cannot_be_deleted(cloud: Cloud) -> None:
    await shop(cloud)
    problem = refused(await cloud.admin.delete("/api/security-groups/app"), 409, "conflict")
    assert sorted(each["name"] for each in problem["used_by"]) == ["db", "web"]
    refused(await cloud.admin.delete("/api/vpcs/shop"), 409, "conflict")


async def test_rules_that_cannot_be_enforced_are_refused(cloud: Cloud) -> None:
    cloud.world.firewall.unavailable = "install nftables"  # pyright: ignore[reportAttributeAccessIssue]
    answer = await cloud.admin.post("/api/security-groups", json={"name": "db"})
    assert "install nftables" in refused(answer, 409, "not_enforced")["detail"]
    subnet = {"name": "inner", "prefix": 26, "internet": False}
    refused(await cloud.admin.post("/api/subnets", json=subnet), 409, "subnet_not_enforced")
    everything = [{"protocol": "all", "cidr": "0.0.0.0/0"}]
    await made(cloud, "security-groups", name="open", ingress=everything)
