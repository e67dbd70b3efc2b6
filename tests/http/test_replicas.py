"""Replicas over HTTP: refusals and lag."""

import pytest

from adapters.memory import MemoryReplicas
from tests.http.in_process import WAIT, Cloud
from tests.http.test_figures import figures
from tests.runtime.running import eventually


@pytest.fixture
async def copied(cloud: Cloud) -> str:
    """Return the id of a replica of the database ``orders``."""
    cloud.engine.completes.add("copy")
    await cloud.admin.post("/api/databases", json={"name": "orders"}, headers=WAIT)
    made = await cloud.admin.post("/api/databases/orders/replicas", json={"name": "orders-r1"})
    assert made.status_code == 202, made.text
    assert made.headers["Location"] == f"/api/databases/{made.json()['id']}"

    async def follows() -> bool:
        return (await cloud.admin.get("/api/databases/orders-r1")).json()["status"] == "available"

    await eventually(follows)
    return made.json()["id"]


async def test_a_replica_is_shown_with_its_source_and_the_source_with_its_replicas(
    cloud: Cloud, copied: str
) -> None:
    source = (await cloud.admin.get("/api/databases/orders")).json()
    replica = (await cloud.admin.get("/api/databases/orders-r1")).json()
    assert replica["spec"]["replica_of"] == {"id": source["id"], "name": "orders"}
    assert replica["observed"]["replication"]["state"] == "streaming"
    assert source["observed"]["replicas"] == [{"id": copied, "name": "orders-r1"}]
    connection = (await cloud.admin.get("/api/databases/orders-r1/connection")).json()
    former = (await cloud.admin.get("/api/databases/orders/connection")).json()
    assert (connection["read_only"], former["read_only"]) == (True, False)
    assert connection["password"] == former["password"]
    refused = await cloud.admin.delete("/api/databases/orders")
    assert (refused.json()["code"], refused.json()["replicas"]) == ("has_replicas", ["orders-r1"])


async def test_the_lag_is_told_while_there_is_one_to_be_known(cloud: Cloud, copied: str) -> None:
    replicator = cloud.world.replicators["postgres"]
    assert isinstance(replicator, MemoryReplicas)
    replicator.lag_bytes = 4096
    found = await figures(cloud)
    assert found["database_replica_lag_bytes of orders-r1"] == 4096
    assert found["database_replica_lag_seconds of orders-r1"] == 0
    assert "database_replica_lag_bytes of orders" not in found
    listed = (await cloud.admin.get("/api/databases/orders/replicas")).json()["replicas"]
    assert [(each["name"], each["replica_lag_bytes"]) for each in listed] == [("orders-r1", 4096)]
    replicator.cut.add(copied)
    assert "database_replica_lag_bytes of orders-r1" not in await figures(cloud)
    (shown,) = (await cloud.admin.get("/api/databases/orders/replicas")).json()["replicas"]
    assert shown["replica_state"] == "interrupted"
    assert "replica_lag_bytes" not in shown


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nosuch/replicas", 404, "not_found"),
        ("orders-r1/replicas", 409, "not_replicable"),
        ("ledger/replicas", 409, "not_replicable"),
        ("orders-r1/backups", 409, "is_replica"),
        ("orders-r1/restore", 409, "is_replica"),
        ("orders-r1/rotate-credentials", 409, "is_replica"),
        ("orders/promote", 409, "not_promotable"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    cloud: Cloud, copied: str, path: str, status: int, code: str
) -> None:
    await cloud.admin.post("/api/databases", json={"name": "ledger", "engine": "mysql"}, headers=WAIT)
    body = {"name": "another"} if path.endswith(("replicas", "restore")) else None
    answer = await cloud.admin.post(f"/api/databases/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    elsewhere = await cloud.another(account="elsewhere")
    for foreign in ("orders", copied):
        answer = await elsewhere.post(f"/api/databases/{foreign}/replicas", json={"name": "mine"})
        assert answer.json()["code"] == "not_found"
