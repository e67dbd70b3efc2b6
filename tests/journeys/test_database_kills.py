"""The controller is killed after each step of a database's life cycle: create, back up, rotate, restore, delete."""

from typing import Any

import psycopg
import pymysql
import pytest

from tests.journeys.running_cloud import RunningCloud, kill, wait_until
from tests.journeys.test_database import await_status, await_window, connected, url
from tests.samples import TORTURE

CREATED = ("create_requested", "started", "prepared", "backup_awaited", "became_available")
BACKED_UP = ("backup_requested", "backup_completed", "drill_passed")
ROTATED = ("rotation_requested", "credentials_rotated")
RESTORED = (
    *("restore_requested", "restore_advanced", "restored", "started"),
    *("backup_awaited", "became_available"),
)
DELETED = ("delete_requested", "deleted")


def kill_after(cloud: RunningCloud, resource_id: str, steps: tuple[str, ...], known: int = 0) -> None:
    """Kill the controller after each new event of these types, in order."""
    for step in steps:
        wait_until(lambda: step in cloud.types(resource_id)[known:], f"{step} was recorded", 180)  # noqa: B023
        kill(cloud.controllers.pop())
        cloud.start_controller()


def is_let_in(at: str) -> bool:
    try:
        with connected(at) as cursor:
            cursor.execute("select 1")
    except (psycopg.OperationalError, pymysql.err.OperationalError):
        return False
    return True


def rotate(cloud: RunningCloud, made: dict[str, Any]) -> None:
    before, known = url(cloud, "orders"), len(cloud.types(made["id"]))
    cloud.http.post("/api/databases/orders/rotate-credentials").raise_for_status()
    kill_after(cloud, made["id"], ROTATED, known)
    await_status(cloud, "orders", "available")
    assert (is_let_in(before), is_let_in(url(cloud, "orders"))) == (False, True)


@pytest.mark.skipif(not TORTURE, reason="it takes minutes: `make torture` runs it")
@pytest.mark.parametrize("engine_name", ["postgres", "mysql"])
def test_a_life_of_kills_loses_and_leaves_nothing(own_cloud: RunningCloud, engine_name: str) -> None:
    cloud, empty = own_cloud, own_cloud.things()
    made = cloud.http.post("/api/databases", json={"name": "orders", "engine": engine_name}).json()
    kill_after(cloud, made["id"], CREATED)
    archive = cloud.show("/api/databases/orders/backups")["id"]
    kill_after(cloud, archive, BACKED_UP)
    await_status(cloud, "orders", "available")
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("create table kept (n int)")
        cursor.execute("insert into kept values (1), (2), (3)")
        if engine_name == "postgres":
            # What is kept of the log is kept for one receiver, not for each that was begun.
            assert cursor.execute("select count(*) from pg_replication_slots").fetchone() == (1,)
    rotate(cloud, made)
    _, newest = await_window(cloud, "orders")
    await_window(cloud, "orders", newest.replace(microsecond=999_999))
    restored = cloud.http.post("/api/databases/orders/restore", json={"name": "again"}).json()
    kill_after(cloud, restored["id"], RESTORED)
    await_status(cloud, "again", "available")
    with connected(url(cloud, "again")) as cursor:
        cursor.execute("select n from kept order by n")
        assert [row[0] for row in cursor.fetchall()] == [1, 2, 3]
    for name, found in (("orders", made), ("again", restored)):
        cloud.http.delete(f"/api/databases/{name}?keep_backups=false").raise_for_status()
        kill_after(cloud, found["id"], DELETED)
    wait_until(lambda: cloud.things() == empty, "nothing is left of them", 180)
    assert cloud.show("/api/orphans?ended=true")["items"] == []
