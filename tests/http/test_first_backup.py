"""A database whose first backup is not complete yet, as the API shows it."""

from tests.http.in_process import WAIT, Cloud, done, refused
from tests.http.test_figures import figures
from tests.runtime.running import eventually


async def test_a_database_can_be_used_but_not_restored_before_its_first_backup(cloud: Cloud) -> None:
    cloud.engine.completes.discard("base")
    await cloud.admin.post("/api/databases", json={"name": "orders"})

    async def is_usable() -> bool:
        return (await cloud.admin.get("/api/databases/orders")).json()["status"] == "backing-up"

    await eventually(is_usable)
    found = await cloud.admin.get("/api/databases/orders/connection")
    assert (found.status_code, found.json()["username"]) == (200, "app"), found.text
    assert (await figures(cloud))["database_connections of orders"] == 1
    answer = await cloud.admin.post("/api/databases/orders/restore", json={"name": "before"})
    refused(answer, 409, "not_restorable", "first backup", "`available`")
    answer = await cloud.admin.post("/api/databases/orders/replicas", json={"name": "copy"})
    refused(answer, 409, "not_replicable", "backing-up")
    listed = (await cloud.admin.get("/api/databases")).json()["items"]
    assert [each["name"] for each in listed] == ["orders"]


async def test_a_request_that_waits_for_a_database_waits_for_its_first_backup(cloud: Cloud) -> None:
    done(await cloud.admin.post("/api/databases", json={"name": "orders"}, headers=WAIT), "available")
    done(await cloud.admin.post("/api/databases/orders/restore", json={"name": "before"}), "restoring")
