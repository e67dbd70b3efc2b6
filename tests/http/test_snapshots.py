"""Snapshots over HTTP, and their schedules."""

from typing import Any

from tests.http.in_process import WAIT, Cloud, done, refused


async def taken(cloud: Cloud, **body: Any) -> dict[str, Any]:
    """Return an available snapshot of the volume `data`."""
    if (await cloud.admin.get("/api/volumes/data")).status_code == 404:
        done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    wish = {"name": "before", "volume": "data", **body}
    return done(await cloud.admin.post("/api/snapshots", json=wish, headers=WAIT), "available")


async def test_a_snapshot_is_taken_shown_verified_restored_and_deleted(cloud: Cloud) -> None:
    snapshot = await taken(cloud, tags={"env": "test"})
    path = f"/api/snapshots/{snapshot['id']}"
    assert [each["name"] for each in snapshot["spec"]["volumes"]] == ["data"]
    assert snapshot["observed"]["taken_at"]
    assert (await cloud.admin.get("/api/snapshots")).json()["items"][0]["name"] == "before"
    progress = (await cloud.admin.get(f"{path}/progress")).json()
    assert set(progress) == {"task", "state", "percent"}
    done(await cloud.admin.post(f"{path}/verify"))
    body = {"name": "data-before"}
    volume = done(await cloud.admin.post(f"{path}/restore", json=body, headers=WAIT), "available")
    assert (volume["kind"], volume["spec"]["restored_from"]["snapshot_id"]) == ("volume", snapshot["id"])
    done(await cloud.admin.patch(path, json={"tags": {"env": "live"}}))
    done(await cloud.admin.delete(path, headers=WAIT), "deleted")
    assert (await cloud.admin.get("/api/snapshots")).json()["items"] == []
    assert (await cloud.admin.get(path)).json()["status"] == "deleted"
    refused(await cloud.admin.post(f"{path}/restore", json={"name": "again"}), 409, "being_deleted", "before")


async def test_every_volume_of_the_account_is_taken_at_once(cloud: Cloud) -> None:
    for name in ("data", "logs"):
        done(await cloud.admin.post("/api/volumes", json={"name": name}, headers=WAIT), "available")
    body = {"name": "evening", "all": True}
    snapshot = done(await cloud.admin.post("/api/snapshots", json=body, headers=WAIT), "available")
    assert {each["name"] for each in snapshot["spec"]["volumes"]} == {"data", "logs"}
    path = "/api/snapshots/evening/restore"
    refused(await cloud.admin.post(path, json={"name": "x"}), 422, "invalid", "must be one of data, logs")
    restored = await cloud.admin.post(path, json={"name": "x", "volume": "logs"}, headers=WAIT)
    assert done(restored, "available")["name"] == "x"


async def test_what_cannot_be_taken_or_restored_is_refused_and_nothing_is_changed(cloud: Cloud) -> None:
    snapshots = "/api/snapshots"
    for body, status, code, word in (
        ({"name": "a"}, 422, "invalid", "must be given, or `all`"),
        ({"name": "a", "volume": "data", "all": True}, 422, "invalid", "must be given, or `all`"),
        ({"name": "a", "volume": "nosuch"}, 404, "not_found", "nosuch"),
        ({"name": "a", "all": True}, 422, "invalid", "no volume"),
        ({"name": "A", "volume": "data"}, 404, "not_found", "data"),
    ):
        refused(await cloud.admin.post(snapshots, json=body), status, code, word)
    assert (await cloud.admin.get(snapshots)).json()["items"] == []
    await taken(cloud)
    again = await cloud.admin.post(snapshots, json={"name": "before", "volume": "data"})
    refused(again, 409, "name_taken", "before")
    nosuch = await cloud.admin.post(f"{snapshots}/before/restore", json={"name": "x", "volume": "nosuch"})
    refused(nosuch, 422, "invalid", "must be one of data")
    stranger = await cloud.another(account="other")
    refused(await stranger.get(f"{snapshots}/before"), 404, "not_found", "before")
    refused(
        await stranger.post(f"{snapshots}/before/restore", json={"name": "x"}), 404, "not_found", "before"
    )


async def test_a_snapshot_is_copied_to_a_target_by_name(cloud: Cloud) -> None:
    targets = (await cloud.admin.get("/api/copy-targets")).json()
    assert targets == {"items": [{"name": "disk", "kind": "folder"}, {"name": "offsite", "kind": "s3"}]}
    original = await taken(cloud)
    path = "/api/snapshots/before/copies"
    copy = done(await cloud.admin.post(path, json={"to": "disk"}, headers=WAIT), "available")
    assert (copy["name"], copy["spec"]["target"]) == ("before-disk", "disk")
    assert copy["spec"]["copied_from"] == {"id": original["id"], "name": "before"}
    assert copy["observed"]["taken_at"] == original["observed"]["taken_at"]
    (known,) = (await cloud.admin.get("/api/snapshots/before")).json()["observed"]["copies"]
    assert (known["id"], known["state"], known["reason"]) == (copy["id"], "available", None)
    again = await cloud.admin.post(path, json={"to": "disk", "name": "again"})
    refused(again, 409, "conflict", "its copy before-disk is there")
    refused(await cloud.admin.post(path, json={"to": "moon"}), 422, "invalid", "disk, offsite")
    refused(await cloud.admin.post(path, json={}), 422, "invalid")
    far = await cloud.admin.post("/api/snapshots/before-disk/copies", json={"to": "offsite"})
    refused(far, 409, "conflict", "it is a copy itself")
    viewer = await cloud.another(role="viewer")
    refused(await viewer.post(path, json={"to": "offsite"}), 403, "forbidden")
    stranger = await cloud.another(account="other")
    refused(await stranger.post(path, json={"to": "offsite"}), 404, "not_found", "before")
    done(await cloud.admin.delete("/api/snapshots/before", headers=WAIT), "deleted")
    restore = await cloud.admin.post(
        "/api/snapshots/before-disk/restore", json={"name": "again"}, headers=WAIT
    )
    done(restore, "available")


async def test_the_clock_takes_snapshots_of_a_volume_that_has_a_policy(cloud: Cloud) -> None:
    volume = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    assert volume["spec"]["snapshot_policy"] is None
    path = "/api/volumes/data/snapshot-policy"
    policy = {"schedule": "0 */6 * * *", "retention_days": 14, "retention_count": 40}
    changed = done(await cloud.admin.put(path, json=policy), "available")
    assert changed["spec"]["snapshot_policy"] == policy
    assert (changed["observed"]["snapshots"], changed["observed"]["missed_snapshot"]) == ([], None)
    defaults = done(await cloud.admin.put(path, json={}))["spec"]["snapshot_policy"]
    assert defaults == {"schedule": "0 3 * * *", "retention_days": 7, "retention_count": None}
    wrong = await cloud.admin.put(path, json={"schedule": "0 0 31 2 *"})
    assert refused(wrong, 422, "invalid", "0 0 31 2 *")["field"] == "schedule"
    refused(await cloud.admin.put(path, json={"retention_days": 0}), 422, "invalid")
    viewer = await cloud.another(role="viewer")
    refused(await viewer.put(path, json={}), 403, "forbidden")
    ended = done(await cloud.admin.delete(path))
    assert ended["spec"]["snapshot_policy"] is None
    stranger = await cloud.another(account="other")
    refused(await stranger.put(path, json={}), 404, "not_found", "data")
