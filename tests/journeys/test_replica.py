"""A database and its replica: reads, and what is left when the source is lost."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.journeys.running_cloud import RunningCloud, kill, wait_until
from tests.journeys.test_database import (
    SECOND,
    Writer,
    await_status,
    await_window,
    connected,
    create,
    numbers_in,
    url,
    written_to,
)
from tests.journeys.test_database_loss import as_owner, destroy
from tests.samples import TORTURE

LIMIT_MB, WRITTEN_MB = 48, 128
"""Sizes: log retained for a replica, and data written while it is away."""


def count(cloud: RunningCloud, name: str) -> int:
    with connected(url(cloud, name)) as cursor:
        return cursor.execute("select count(*) from kept").fetchone()[0]


def slots(cloud: RunningCloud, name: str) -> list[str]:
    """Return the replication slots of a database, without that of its archive."""
    with connected(url(cloud, name)) as cursor:
        cursor.execute("select slot_name from pg_replication_slots where slot_name <> 'miniaws'")
        return [row[0] for row in cursor.fetchall()]


def figures(cloud: RunningCloud) -> dict[str, Any]:
    return cloud.show("/api/databases/orders/replicas")["replicas"][0]


def restart_controller(cloud: RunningCloud) -> None:
    """Kill the controller, and start another one."""
    kill(cloud.controllers.pop())
    cloud.start_controller()


def test_a_replica_follows_and_takes_over_when_its_source_is_lost(own_cloud: RunningCloud) -> None:
    """The controller is killed during the copy, and during the promotion."""
    cloud = own_cloud
    source = create(cloud, "orders")
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("create table kept as select generate_series(1, 1000) n")
    made = cloud.http.post("/api/databases/orders/replicas", json={"name": "orders-r1"}).json()
    assert made["spec"]["replica_of"] == {"id": source["id"], "name": "orders"}
    wait_until(lambda: f"{made['id']}.copy" in cloud.containers(), "it is being copied")
    restart_controller(cloud)
    await_status(cloud, "orders-r1", "available")
    assert count(cloud, "orders-r1") == 1000
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("insert into kept values (1001)")
    wait_until(lambda: count(cloud, "orders-r1") == 1001, "what is written is read", 10)
    with (
        connected(url(cloud, "orders-r1")) as cursor,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("insert into kept values (1002)")
    assert cloud.http.delete("/api/databases/orders").json()["code"] == "has_replicas"
    with written_to(cloud, "orders") as writer:
        wait_until(lambda: len(writer.rows) > 50, "it is written to")
        wait_until(lambda: figures(cloud)["replica_lag_bytes"] < 4096, "its lag is reported")
        lost_at = datetime.now(UTC)
        destroy(cloud, source)
    cloud.http.post("/api/databases/orders-r1/promote").raise_for_status()
    wait_until(lambda: "promotion_requested" in cloud.types(made["id"]), "it is asked for")
    restart_controller(cloud)
    await_status(cloud, "orders-r1", "available")
    check(cloud, writer, made["id"], lost_at)


def check(cloud: RunningCloud, writer: Writer, promoted: str, lost_at: datetime) -> None:
    """Acknowledged data is there, it accepts writes, and it has its own archive."""
    there = numbers_in(cloud, "orders-r1")
    assert {n for n, _, answered in writer.rows if answered < lost_at - SECOND} <= there
    assert count(cloud, "orders-r1") == 1001
    with connected(url(cloud, "orders-r1")) as cursor:
        cursor.execute("insert into kept values (1002)")
    found = cloud.show("/api/databases/orders-r1")
    assert found["spec"]["promoted_from"]["name"] == "orders"
    assert cloud.types(promoted).count("promoted") == 1
    begins, _ = await_window(cloud, "orders-r1")
    assert begins > lost_at
    cloud.http.delete("/api/databases/orders?keep_backups=false").raise_for_status()


def test_nothing_is_kept_for_a_replica_that_is_promoted_or_deleted(cloud: RunningCloud) -> None:
    """At the same time the password of the source is changed: readers of replicas use the new one."""
    create(cloud, "orders")
    for name in ("orders-r1", "orders-r2"):
        cloud.http.post("/api/databases/orders/replicas", json={"name": name}).raise_for_status()
    for name in ("orders-r1", "orders-r2"):
        await_status(cloud, name, "available")
    assert len(slots(cloud, "orders")) == 2
    cloud.post("/api/databases/orders/rotate-credentials")
    await_status(cloud, "orders", "available")
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("create table kept as select 1 n")
    wait_until(lambda: count(cloud, "orders-r1") == 1, "what is written is read", 10)
    cloud.http.post("/api/databases/orders-r1/promote").raise_for_status()
    cloud.http.delete("/api/databases/orders-r2").raise_for_status()
    await_status(cloud, "orders-r1", "available")
    wait_until(lambda: slots(cloud, "orders") == [], "nothing is kept for them any more")
    found = cloud.show("/api/databases/orders-r1")["observed"]["promotion"]
    assert found["behind_bytes"] is not None
    assert slots(cloud, "orders-r1") == []
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("select count(*) from pg_roles where rolname like 'miniaws%'")
        assert cursor.fetchone() == (1,)
    assert cloud.show("/api/databases/orders")["observed"]["replicas"] == []


@pytest.mark.skipif(not TORTURE, reason="it takes a minute: `make torture` runs it")
def test_a_replica_that_was_away_too_long_is_copied_anew(cloud: RunningCloud) -> None:
    """Its source drops the log that it retains for it, so that its own disk does not fill."""
    source = create(cloud, "orders", **{"class": "small", "parameters": {"max_wal_size": "32"}})
    made = cloud.http.post("/api/databases/orders/replicas", json={"name": "orders-r1"}).json()
    await_status(cloud, "orders-r1", "available")
    limits = {"max_slot_wal_keep_size": LIMIT_MB, "wal_keep_size": 0, "min_wal_size": 32}
    changes = [f"alter system set {name} = '{mb}MB'" for name, mb in limits.items()]
    as_owner(cloud, "orders", *changes, "select pg_reload_conf()")
    cloud.post("/api/databases/orders-r1/stop")
    await_status(cloud, "orders-r1", "stopped")
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("create table kept (n int, filler text)")
        cursor.execute("alter table kept alter filler set storage external")
        for number in range(WRITTEN_MB):
            cursor.execute("insert into kept values (%s, repeat('x', 1 << 20))", (number,))
    status = "select wal_status from pg_replication_slots where slot_name <> 'miniaws'"
    wait_until(lambda: as_owner(cloud, "orders", "checkpoint", status) == "lost", "the slot is dropped", 60)
    cloud.post("/api/databases/orders-r1/start")
    wait_until(lambda: "copy_outdated" in cloud.types(made["id"]), "it is reported", 90)
    await_status(cloud, "orders-r1", "available")
    follows_again(cloud, made["id"])
    assert as_owner(cloud, "orders", status) in {"reserved", "extended"}
    assert cloud.types(source["id"]).count("crashed") == 0
    cloud.http.delete("/api/databases/orders-r1").raise_for_status()
    wait_until(lambda: cloud.types(made["id"])[-1] == "deleted", "nobody follows it")


def follows_again(cloud: RunningCloud, replica_id: str) -> None:
    """It has all data of its source, and its history shows the second copy and the reason."""
    assert count(cloud, "orders-r1") == WRITTEN_MB
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("insert into kept values (-1, '')")
    wait_until(lambda: count(cloud, "orders-r1") == WRITTEN_MB + 1, "what is written is read", 10)
    wait_until(lambda: figures(cloud)["replica_lag_bytes"] < 4096, "its lag is reported")
    told = cloud.types(replica_id)
    assert (told.count("copy_outdated"), told.count("copied")) == (1, 2)
    items = cloud.show(f"/api/timeline?resource={replica_id}&limit=1000")["items"]
    (why,) = [each["summary"] for each in items if each["type"] == "database.copy_outdated"]
    assert "orders has not kept what it lacks: it is copied again" in why
