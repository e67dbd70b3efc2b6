"""The trash over HTTP: the list, who deleted what, restore and purge, and what other lists show."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.http.in_process import WAIT, Cloud, done, open_cloud, refused


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, trash_hours=72) as opened:
        yield opened


async def items(cloud: Cloud, **params: Any) -> list[dict[str, Any]]:
    answer = await cloud.admin.get("/api/trash", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def listed(cloud: Cloud, path: str, **params: Any) -> list[str]:
    return [each["name"] for each in (await cloud.admin.get(path, params=params)).json()["items"]]


async def deleted(cloud: Cloud, path: str, status: str = "trashed") -> dict[str, Any]:
    return done(await cloud.admin.delete(path, headers=WAIT), status)


async def test_what_is_deleted_is_listed_in_the_trash_only(cloud: Cloud) -> None:
    web = await cloud.launched()
    position = (await cloud.admin.get("/api/instances")).json()["position"]
    web = await deleted(cloud, "/api/instances/web-1")
    (item,) = await items(cloud)
    assert (item["id"], item["kind"], item["name"], item["status"]) == (
        web["id"],
        "instance",
        "web-1",
        "trashed",
    )
    assert item["purges_at"] == web["purges_at"]
    assert (item["deleted_by"], item["deleted_by_name"]) == (web["created_by"], "admin")
    assert await listed(cloud, "/api/instances") == []
    assert await listed(cloud, "/api/resources", kind="instance") == []
    assert await listed(cloud, "/api/instances", as_of=position) == ["web-1"]
    assert await listed(cloud, "/api/instances", ended=True) == ["web-1"]
    counts = (await cloud.admin.get("/api/dashboard/summary")).json()["counts"]
    assert "instance" not in counts
    shown = (await cloud.admin.get(f"/api/instances/{web['id']}")).json()
    assert (shown["status"], shown["observed"]["address"]) == ("trashed", None)
    other = await cloud.launched()
    assert (await cloud.admin.get("/api/instances/web-1")).json()["id"] == other["id"]


async def test_the_trash_is_read_as_of_any_moment_and_page_by_page(cloud: Cloud) -> None:
    for name in ("a", "b", "c"):
        done(await cloud.admin.post("/api/volumes", json={"name": name}, headers=WAIT), "available")
        await deleted(cloud, f"/api/volumes/{name}")
    first = (await cloud.admin.get("/api/trash", params={"limit": 2})).json()
    assert [each["name"] for each in first["items"]] == ["c", "b"]
    (c, b), cursor = first["items"], first["next_cursor"]
    await done_purge(cloud, b["id"])
    rest = (await cloud.admin.get("/api/trash", params={"limit": 2, "cursor": cursor})).json()
    assert ([each["name"] for each in rest["items"]], rest["next_cursor"]) == (["a"], None)
    assert [each["name"] for each in await items(cloud)] == ["c", "a"]
    assert [each["name"] for each in await items(cloud, as_of=c["position"])] == ["c", "b", "a"]
    assert [each["name"] for each in await items(cloud, name="a")] == ["a"]
    assert await items(cloud, kind="instance") == []


async def done_purge(cloud: Cloud, id_: str) -> None:
    done(await cloud.admin.delete(f"/api/trash/{id_}", headers=WAIT), "deleted")


async def test_a_restored_resource_is_itself_again_also_under_another_name(cloud: Cloud) -> None:
    web = await cloud.launched()
    await deleted(cloud, "/api/instances/web-1")
    other = await cloud.launched()
    path = f"/api/trash/{web['id']}/restore"
    problem = refused(await cloud.admin.post(path, json={}), 409, "name_taken", "web-1", other["id"])
    assert problem["field"] == "name"
    restored = done(await cloud.admin.post(path, json={"name": "web-old"}, headers=WAIT), "running")
    assert (restored["id"], restored["name"], "purges_at" in restored) == (web["id"], "web-old", False)
    assert await items(cloud) == []
    assert await listed(cloud, "/api/instances") == ["web-1", "web-old"]
    assert await listed(cloud, "/api/instances", ended=True) == ["web-1", "web-old"]
    assert (await cloud.admin.get("/api/instances/web-old")).json()["id"] == web["id"]
    refused(await cloud.admin.post(path, json={}), 409, "not_in_trash", "it is running")


async def test_what_happened_between_two_moments_is_told_across_the_trash(cloud: Cloud) -> None:
    web = await cloud.launched()
    before = web["position"]
    there = await deleted(cloud, "/api/instances/web-1")
    restored = done(
        await cloud.admin.post(f"/api/trash/{web['id']}/restore", json={}, headers=WAIT), "running"
    )

    async def diff(from_: int, to: int) -> dict[str, list[str]]:
        found = (await cloud.admin.get("/api/diff", params={"from": from_, "to": to})).json()
        return {kind: [each["name"] for each in found[kind]] for kind in ("created", "deleted", "changed")}

    assert await diff(before, there["position"]) == {"created": [], "deleted": ["web-1"], "changed": []}
    assert await diff(there["position"], restored["position"]) == {
        "created": ["web-1"],
        "deleted": [],
        "changed": [],
    }
    assert await diff(before, restored["position"]) == {"created": [], "deleted": [], "changed": ["web-1"]}


async def test_purge_skips_the_trash_or_empties_it(cloud: Cloud) -> None:
    await cloud.launched()
    await deleted(cloud, "/api/instances/web-1?purge=true", "terminated")
    web = await cloud.launched()
    await deleted(cloud, "/api/instances/web-1")
    await deleted(cloud, f"/api/instances/{web['id']}?purge=true", "terminated")
    assert await items(cloud) == []
    refused(await cloud.admin.delete("/api/trash/nothing"), 404, "not_found", "nothing")
    vpc = (await cloud.admin.get("/api/vpcs/default")).json()
    refused(await cloud.admin.delete(f"/api/trash/{vpc['id']}"), 404, "not_found", vpc["id"])


async def test_the_trash_is_metered_under_its_own_heading(cloud: Cloud) -> None:
    done(
        await cloud.admin.post("/api/volumes", json={"name": "data", "size_gb": 7}, headers=WAIT), "available"
    )
    there = await deleted(cloud, "/api/volumes/data")
    later = (await deleted_anything(cloud))["position"]
    window = {"from": there["position"], "to": later, "group_by": "resource"}
    found = {
        each["group"]: each["seconds"]
        for each in (await cloud.admin.get("/api/usage", params=window)).json()["items"]
    }
    used = found[there["id"]]
    assert set(used) == {"trash", "trash_gb"}
    assert used["trash_gb"] == pytest.approx(7 * used["trash"])


async def deleted_anything(cloud: Cloud) -> dict[str, Any]:
    done(await cloud.admin.post("/api/volumes", json={"name": "other"}, headers=WAIT), "available")
    return await deleted(cloud, "/api/volumes/other")


async def test_a_viewer_sees_the_trash_and_changes_nothing(cloud: Cloud) -> None:
    web = await cloud.launched()
    await deleted(cloud, "/api/instances/web-1")
    viewer = await cloud.another("viewer")
    assert len((await viewer.get("/api/trash")).json()["items"]) == 1
    refused(await viewer.delete(f"/api/trash/{web['id']}"), 403, "forbidden")
    refused(await viewer.post(f"/api/trash/{web['id']}/restore", json={}), 403, "forbidden")
    stranger = await cloud.another(account="other")
    assert (await stranger.get("/api/trash")).json()["items"] == []
    refused(await stranger.delete(f"/api/trash/{web['id']}"), 404, "not_found")
