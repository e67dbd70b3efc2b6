"""Subnets, addresses and security groups of what is restored, copied or launched by a group."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.http.in_process import WAIT, Cloud, done, open_cloud, refused
from tests.http.test_interfaces import IMAGE, made, names, shop
from tests.runtime.running import eventually

PLACE: dict[str, Any] = {"vpc": "shop", "subnet": "inner", "security_groups": ["db"]}


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, trash_hours=24) as opened:
        yield opened


def place(document: dict[str, Any]) -> tuple[str, list[str]]:
    return document["spec"]["subnet"]["name"], names(document["spec"]["security_groups"])


async def shown(cloud: Cloud, path: str) -> dict[str, Any]:
    return (await cloud.admin.get(f"/api/{path}")).json()


async def trashed(cloud: Cloud, path: str) -> None:
    done(await cloud.admin.delete(f"/api/{path}", headers=WAIT), "trashed")


async def test_what_is_restored_from_the_trash_has_its_address_if_nobody_else_has(cloud: Cloud) -> None:
    await shop(cloud)
    found = [await cloud.launched(**PLACE), await made(cloud, "caches", name="sessions", **PLACE)]
    for each in found:
        kind = "instances" if each["kind"] == "instance" else "caches"
        await trashed(cloud, f"{kind}/{each['name']}")
        assert (await shown(cloud, f"{kind}/{each['id']}"))["observed"]["address"] is None
        again = done(await cloud.admin.post(f"/api/trash/{each['id']}/restore", json={}, headers=WAIT))
        assert (again["observed"]["address"], place(again)) == (
            each["observed"]["address"],
            ("inner", ["db"]),
        )


async def test_what_is_restored_from_the_trash_gets_another_address_than_somebody_has(cloud: Cloud) -> None:
    found = await cloud.launched()
    address = found["observed"]["address"]
    await trashed(cloud, "instances/web-1")
    assert (await cloud.launched("web-2", address=address))["observed"]["address"] == address
    again = done(
        await cloud.admin.post(f"/api/trash/{found['id']}/restore", json={}, headers=WAIT), "running"
    )
    assert again["observed"]["address"] not in {None, address}


async def test_what_is_restored_does_not_take_the_address_of_another_one_that_has_its_name(
    cloud: Cloud,
) -> None:
    found = await cloud.launched("web")
    address = found["observed"]["address"]
    await trashed(cloud, "instances/web")
    new = await cloud.launched("web", address=address)
    body = {"name": "web-old"}
    restored = await cloud.admin.post(f"/api/trash/{found['id']}/restore", json=body, headers=WAIT)
    assert done(restored, "running")["observed"]["address"] not in {None, address}
    assert (await shown(cloud, f"instances/{new['id']}"))["observed"]["address"] == address


async def test_what_has_lost_its_group_is_not_restored_without_it(cloud: Cloud) -> None:
    await shop(cloud)
    found = await cloud.launched(**PLACE)
    await trashed(cloud, "instances/web-1")
    done(await cloud.admin.delete("/api/security-groups/db.shop"))
    refused(
        await cloud.admin.post(f"/api/trash/{found['id']}/restore", json={}),
        409,
        "place_gone",
        "db",
        "create",
    )
    await made(cloud, "security-groups", name="db", vpc="shop")
    again = done(
        await cloud.admin.post(f"/api/trash/{found['id']}/restore", json={}, headers=WAIT), "running"
    )
    assert place(again) == ("inner", ["db"])


async def test_a_copy_of_a_database_is_where_its_source_is(cloud: Cloud) -> None:
    await shop(cloud)
    done(await cloud.admin.post("/api/databases", json={"name": "orders", **PLACE}))

    async def has_backup() -> bool:
        return (await shown(cloud, "databases/orders"))["status"] == "available"

    await eventually(has_backup)
    for name, more, there in (
        ("copy", {}, ("inner", ["db"])),
        ("open", {"subnet": "default", "security_groups": ["default"]}, ("default", ["default"])),
        ("elsewhere", {"vpc": "default"}, ("default", ["default"])),
    ):
        body = {"name": name, **more}
        copied = done(await cloud.admin.post("/api/databases/orders/restore", json=body))
        assert place(copied) == there
    body = {"in_place": True, "subnet": "default"}
    refused(await cloud.admin.post("/api/databases/orders/restore", json=body), 422, "invalid", "`subnet`")
    replica = done(await cloud.admin.post("/api/databases/orders/replicas", json={"name": "reader"}))
    assert place(replica) == ("inner", ["db"])


async def test_a_scaling_group_launches_into_its_subnet_and_groups(cloud: Cloud) -> None:
    await shop(cloud)
    template = {**IMAGE, **PLACE}
    group = await made(cloud, "scaling-groups", name="crew", template=template, min=2, max=2)
    assert place({"spec": group["spec"]["template"]}) == ("inner", ["db"])

    async def members() -> list[dict[str, Any]]:
        found = (await shown(cloud, "instances"))["items"]
        return found if len(found) == 2 else []

    assert [place(each) for each in await eventually(members)] == [("inner", ["db"])] * 2
    changed = {"template": {"security_groups": ["default"]}}
    after = done(await cloud.admin.patch("/api/scaling-groups/crew", json=changed))
    assert place({"spec": after["spec"]["template"]}) == ("inner", ["default"])
    unknown = {"template": {"security_groups": ["none"]}}
    answer = await cloud.admin.patch("/api/scaling-groups/crew", json=unknown)
    assert refused(answer, 404, "not_found")["field"] == "template.security_groups"


async def test_a_scaling_group_tells_that_no_address_is_free(cloud: Cloud) -> None:
    await made(cloud, "vpcs", name="tiny", cidr="10.77.0.0/28")
    body = {"name": "crew", "template": {**IMAGE, "vpc": "tiny"}, "min": 14, "max": 14}
    done(await cloud.admin.post("/api/scaling-groups", json=body))

    async def is_told() -> bool:
        answer = await cloud.admin.get("/api/timeline", params={"kind": "scaling_group"})
        return "cannot find a free address in subnet default of VPC tiny" in answer.text

    await eventually(is_told)
    assert (await shown(cloud, "scaling-groups/crew"))["observed"]["launches_wait_until"]
    assert len((await shown(cloud, "instances"))["items"]) == 11
