"""Shared memory and clean shutdown of database servers on real engines."""

from contextlib import suppress
from typing import Any

import psycopg
import pymysql
import pytest

from domain.database import CLASSES
from tests.journeys.running_cloud import RunningCloud, wait_until
from tests.journeys.test_database import await_status, connected, create, url, written_to
from tests.samples import TORTURE

ROWS = 1_200_000
FILL = "create table {} as select n, md5(n::text) as words from generate_series(1, {}) n"
JOIN = "select count(*) from one join other using (n) where one.words = other.words"
PARALLEL = {
    "max_parallel_workers_per_gather": "4",
    "min_parallel_table_scan_size": "0",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "enable_mergejoin": "off",
    "enable_nestloop": "off",
}
WORK_MEM_MB = {"nano": 4, "micro": 8, "small": 16, "medium": 16, "large": 16}
"""The hash table that five processes share may be ten times as large."""
HANG = "for p in /proc/[0-9]*; do grep -qs pg_receivewal $p/comm && kill -STOP ${p#/proc/}; done; true"
ENDED = {"postgres": "database system is shut down", "mysql": "Shutdown complete"}
RECOVERS = {"postgres": "was not properly shut down", "mysql": "Starting crash recovery"}


def shm_mb(cloud: RunningCloud, made: dict[str, Any]) -> int:
    size = "df --block-size=1M --output=size /dev/shm | tail -1"
    found = cloud.container(made["id"]).exec_run(["sh", "-c", size])
    assert found.exit_code == 0, found.output
    return int(found.output)


def join(at: str, work_mem_mb: int) -> None:
    """Join two large tables by a hash table that five processes share."""
    with connected(at) as cursor:
        for table in ("one", "other"):
            cursor.execute(FILL.format(table, ROWS))
            cursor.execute(f"analyze {table}")
        for name, value in PARALLEL.items():
            cursor.execute(f"set {name} = {value}")
        cursor.execute(f"set work_mem = '{work_mem_mb}MB'")
        plan = "\n".join(row[0] for row in cursor.execute(f"explain (analyze) {JOIN}").fetchall())
        assert "Parallel Hash Join" in plan, plan
        assert "Workers Launched: 4" in plan, plan


# Of a micro server, the hash table is larger than the shared memory that a container has by default.
@pytest.mark.parametrize("class_", tuple(WORK_MEM_MB) if TORTURE else ("micro",))
def test_parallel_queries_have_the_shared_memory_of_the_class(cloud: RunningCloud, class_: str) -> None:
    made = create(cloud, "orders", **{"class": class_})
    half = CLASSES[class_].memory_mb // 2
    assert cloud.show("/api/databases/orders")["spec"]["shm_mb"] == half
    assert shm_mb(cloud, made) == half
    join(url(cloud, "orders"), WORK_MEM_MB[class_])
    assert cloud.show("/api/databases/orders")["observed"]["restarts"] == 0


def test_another_class_brings_its_shared_memory_with_the_next_start(cloud: RunningCloud) -> None:
    made = create(cloud, "orders")

    def waits_for() -> list[str]:
        return cloud.show("/api/databases/orders")["observed"]["pending_restart"]

    cloud.http.patch("/api/databases/orders", json={"class": "small"}).raise_for_status()
    wait_until(lambda: "shm_mb" in waits_for(), "it lists what waits for a restart")
    assert (cloud.show("/api/databases/orders")["spec"]["shm_mb"], shm_mb(cloud, made)) == (256, 128)
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("create table kept as select generate_series(1, 10) n")
    cloud.post("/api/databases/orders/stop")
    cloud.post("/api/databases/orders/start")
    await_status(cloud, "orders", "available")
    assert (waits_for(), shm_mb(cloud, made)) == ([], 256)
    with connected(url(cloud, "orders")) as cursor:
        assert cursor.execute("select count(*) from kept").fetchone() == (10,)


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_database_with_clients_ends_cleanly(cloud: RunningCloud, kind: str) -> None:
    """Neither an open transaction nor a hanging log receiver causes a forced stop."""
    made = create(cloud, "orders", engine=kind)
    if kind == "postgres":
        # The server lets go of it after 20 s, longer than an engine waits by default.
        archive = cloud.show("/api/databases/orders/backups")["id"]
        assert cloud.container(f"{archive}.log").exec_run(["bash", "-c", HANG], user="root").exit_code == 0
    with written_to(cloud, "orders") as writer:
        wait_until(lambda: len(writer.rows) > 100, "it is written to")
        with suppress(psycopg.Error, pymysql.MySQLError), connected(url(cloud, "orders")) as cursor:
            cursor.execute("begin")
            cursor.execute("insert into written values (0)")
            cloud.http.post("/api/databases/orders/stop").raise_for_status()
            await_status(cloud, "orders", "stopped")
    container = cloud.container(made["id"])
    said = container.logs(tail=300).decode()
    assert container.attrs["State"]["ExitCode"] == 0, said
    assert ENDED[kind] in said
    cloud.post("/api/databases/orders/start")
    await_status(cloud, "orders", "available")
    assert RECOVERS[kind] not in cloud.container(made["id"]).logs().decode()
    with connected(url(cloud, "orders")) as cursor:
        cursor.execute("select n from written")
        found = {row[0] for row in cursor.fetchall()}
    assert {n for n, _, _ in writer.rows} <= found
    assert 0 not in found
