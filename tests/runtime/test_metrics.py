"""The collector, on a real Postgres: no gaps, no invented values, exact roll-ups."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from adapters.memory import MemoryEngine, MemoryStats
from adapters.memory.engine import MemoryContainer
from domain.errors import Unreachable
from domain.ports import ContainerSpec
from domain.stats import HOST, Sample
from domain.values import public_id
from miniaws import bootstrap
from miniaws.runtime.metrics import Collector
from miniaws.runtime.rates import ContainerRates, Limits
from miniaws.runtime.recorder import PROXIES, Recorder
from miniaws.settings import Settings
from projections.inventory import SCHEMA
from projections.metrics import HOST_ID, METRICS, Retention

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEPT = Retention(timedelta(hours=2), timedelta(days=14), timedelta(days=400))


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Bench:
    """A collector, its samples, and the stored metrics."""

    collector: Collector
    engine: MemoryEngine
    stats: MemoryStats
    clock: Hand
    pool: AsyncConnectionPool[AsyncConnection[DictRow]]

    async def rows(self, query: str, *values: Any) -> list[DictRow]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()

    async def runs(self, *, account: str = "main") -> str:
        """Run an instance with half a core and 128 MiB, and return its id."""
        resource_id = uuid4()
        id_ = public_id("i", resource_id)
        document = orjson.dumps({"status": "running", "spec": {"cpus": 0.5, "memory_mb": 128}}).decode()
        async with self.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO resources VALUES (%s, 'instance', %s, %s, 1, NULL)",
                (resource_id, account, id_[:9]),
            )
            await connection.execute("INSERT INTO versions VALUES (%s, 1, %s)", (resource_id, document))
        spec = ContainerSpec(id_, account, id_[:9], "image", "vpc-1", 1, 0.5, 128, "never")
        self.engine.containers[id_] = MemoryContainer(spec, 0.5, 128, "running", self.clock.at)
        return id_

    async def measure(self, seconds: int) -> list[int]:
        """Measure for some seconds; return the number of points."""
        counts: list[int] = []
        for _ in range(seconds):
            self.clock.at += SECOND
            counts.append(await self.collector.measure(self.clock.at))
        return counts


@pytest.fixture
async def bench(database_url: str, tmp_path: Path) -> AsyncGenerator[Bench]:
    bootstrap.prepare(Settings(data_dir=tmp_path, database_url=SecretStr(database_url)))
    engine, clock = MemoryEngine(), Hand()
    stats = MemoryStats(engine, clock.now)
    kwargs: dict[str, Any] = {
        "autocommit": True,
        "row_factory": dict_row,
        "options": f"-c search_path={SCHEMA},public -c timezone=UTC",
    }
    async with AsyncConnectionPool[AsyncConnection[DictRow]](
        database_url, min_size=1, max_size=2, open=False, kwargs=kwargs
    ) as pool:
        yield Bench(Collector(pool, stats, clock, KEPT), engine, stats, clock, pool)


async def test_none_of_220_containers_is_skipped(bench: Bench) -> None:
    for number in range(220):
        bench.stats.load(await bench.runs(), cores=number / 1000, memory_bytes=number * 2**20)
    assert await bench.measure(5) == [0, 221, 221, 221, 221]
    counted = await bench.rows(
        "SELECT count(*) AS points, count(DISTINCT resource_id) AS resources FROM metrics_second"
    )
    assert counted == [{"points": 4 * 221, "resources": 221}]
    cores = await bench.rows(
        "SELECT DISTINCT round(cpu_cores::numeric, 4)::float8 AS cores FROM metrics_second"
        " WHERE resource_id <> %s ORDER BY 1",
        HOST_ID,
    )
    assert [row["cores"] for row in cores] == [number / 1000 for number in range(220)]


async def test_percent_is_of_the_instances_own_share_and_cores_are_cores(bench: Bench) -> None:
    id_ = await bench.runs()
    bench.stats.load(id_, cores=0.25, memory_bytes=32 * 2**20, bytes_per_s=1000)
    await bench.measure(3)
    (row,) = await bench.rows(
        "SELECT * FROM metrics_second WHERE resource_id <> %s AND at = %s", HOST_ID, NOON + 3 * SECOND
    )
    assert {name: row[name] for name in METRICS} == pytest.approx(
        {
            "cpu_percent": 50,
            "cpu_cores": 0.25,
            "memory_percent": 25,
            "memory_bytes": 32 * 2**20,
            "network_rx_bytes_per_s": 1000,
            "network_tx_bytes_per_s": 1000,
            "block_read_bytes_per_s": 1000,
            "block_write_bytes_per_s": 1000,
        }
    )


async def test_what_is_stopped_has_no_points_and_a_restart_no_spike(bench: Bench) -> None:
    id_ = await bench.runs()
    bench.stats.load(id_, cores=0.5, bytes_per_s=10**9)
    await bench.measure(4)
    bench.engine.containers[id_].state = "exited"
    await bench.measure(3)
    bench.engine.containers[id_].state, bench.engine.containers[id_].started_at = "running", bench.clock.at
    await bench.measure(4)
    rows = await bench.rows(
        "SELECT at, cpu_percent FROM metrics_second WHERE resource_id <> %s ORDER BY at", HOST_ID
    )
    assert [(row["at"] - NOON).seconds for row in rows] == [2, 3, 4, 9, 10, 11]
    assert max(row["cpu_percent"] for row in rows) <= 100.01


async def test_an_engine_that_is_silent_leaves_a_gap(bench: Bench) -> None:
    await bench.runs()
    await bench.measure(3)
    bench.engine.fail("stats.sample", Unreachable("cannot measure: silent"))
    bench.clock.at += SECOND
    with pytest.raises(Unreachable):
        await bench.collector.measure(bench.clock.at)
    await bench.measure(2)
    rows = await bench.rows("SELECT DISTINCT at FROM metrics_second ORDER BY at")
    # The point after the gap is the average of two seconds.
    assert [(row["at"] - NOON).seconds for row in rows] == [2, 3, 5, 6]


async def test_what_nobody_knows_is_not_written(bench: Bench) -> None:
    await bench.runs()
    orphan = public_id("i", uuid4())
    spec = ContainerSpec(orphan, "main", "orphan", "image", "vpc-1", 1, 1, 64, "never")
    bench.engine.containers[orphan] = MemoryContainer(spec, 1, 64, "running")
    assert await bench.measure(2) == [0, 2]


async def test_minutes_and_hours_are_exact_and_recomputable(bench: Bench) -> None:
    id_ = await bench.runs()
    for second in range(150):
        bench.stats.load(id_, cores=(second * 7 % 50) / 100, memory_bytes=second * 2**10)
        await bench.measure(1)
    await bench.collector.recorder.roll_up(NOON, bench.clock.at)
    first = await _rolled(bench)
    await bench.collector.recorder.roll_up(NOON + 2 * SECOND, bench.clock.at)
    assert await _rolled(bench) == first
    raw = await bench.rows(
        "SELECT date_bin('1 minute', at, '2000-01-01Z') AS at, count(*) AS samples, avg(cpu_percent::float8) AS cpu,"
        " max(cpu_percent) AS cpu_max, avg(memory_bytes)::float8 AS memory, max(memory_bytes) AS memory_max"
        " FROM metrics_second WHERE resource_id <> %s GROUP BY 1 ORDER BY 1",
        HOST_ID,
    )
    minutes = [row for row in first["metrics_minute"] if row["resource_id"] != HOST_ID]
    assert [row["samples"] for row in minutes] == [58, 60, 31]
    for row, expected in zip(minutes, raw, strict=True):
        assert row["at"] == expected["at"]
        assert row["samples"] == expected["samples"]
        assert row["cpu_percent_sum"] / row["samples"] == pytest.approx(expected["cpu"])
        assert row["cpu_percent_max"] == expected["cpu_max"]
        assert row["memory_bytes_sum"] / row["samples"] == pytest.approx(expected["memory"])
        assert row["memory_bytes_max"] == expected["memory_max"]
    (hour,) = [row for row in first["metrics_hour"] if row["resource_id"] != HOST_ID]
    assert (hour["at"], hour["samples"]) == (NOON, 149)
    assert hour["cpu_percent_sum"] == pytest.approx(sum(row["cpu_percent_sum"] for row in minutes))


async def _rolled(bench: Bench) -> dict[str, list[DictRow]]:
    return {
        table: await bench.rows(f"SELECT * FROM {table} ORDER BY resource_id, at")  # noqa: S608
        for table in ("metrics_minute", "metrics_hour")
    }


async def test_partitions_are_there_ahead_and_go_when_their_time_is_over(bench: Bench) -> None:
    await bench.runs()
    await bench.measure(3)
    await bench.collector.recorder.tidy(NOON + timedelta(minutes=55))
    assert await _partitions(bench, "metrics_second") == ["2026112312", "2026112313"]
    assert await bench.collector.recorder.tidy(NOON + timedelta(hours=2, minutes=59)) == []
    assert await bench.collector.recorder.tidy(NOON + timedelta(hours=3)) == ["metrics_second_2026112312"]
    assert "2026112312" not in await _partitions(bench, "metrics_second")
    dropped = await bench.collector.recorder.tidy(NOON + timedelta(days=500))
    assert any(name.startswith("metrics_minute_") for name in dropped)
    assert any(name.startswith("metrics_hour_") for name in dropped)


async def test_a_partition_that_is_read_is_dropped_later(bench: Bench) -> None:
    await bench.runs()
    await bench.measure(3)
    later = NOON + timedelta(hours=4)
    async with bench.pool.connection() as reader, reader.transaction():
        await reader.execute("SELECT count(*) FROM metrics_second")
        assert await bench.collector.recorder.tidy(later) == []
    assert await bench.collector.recorder.tidy(later) == ["metrics_second_2026112312"]


async def _partitions(bench: Bench, table: str) -> list[str]:
    rows = await bench.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1",
        f"public.{table}",
    )
    return [row["name"].rpartition("_")[2] for row in rows]


def test_counters_that_fall_back_or_are_far_apart_give_no_point() -> None:
    limits = {"i-1": Limits(1, 100), HOST: Limits(None, None)}

    def sample(seconds: int, cpu_ns: int, run: str = "1") -> Sample:
        return Sample("i-1", run, NOON + timedelta(seconds=seconds), cpu_ns, 50)

    def after(*samples: Sample) -> int:
        rates = ContainerRates()
        return [len(rates.points([each], limits)) for each in samples][-1]

    assert after(sample(0, 0), sample(1, 10)) == 1
    assert after(sample(0, 0)) == 0
    assert after(sample(0, 20), sample(1, 10)) == 0
    assert after(sample(0, 0), sample(1, 10, run="2")) == 0
    assert after(sample(0, 0), sample(60, 10)) == 0
    assert after(sample(1, 0), sample(0, 10)) == 0


def test_what_is_not_measured_or_has_no_limit_is_none() -> None:
    rates = ContainerRates()
    first = Sample("i-1", "1", NOON, 0, 50, network_rx_bytes=100, network_tx_bytes=5)
    second = Sample("i-1", "1", NOON + SECOND, 10**9, 50, network_rx_bytes=40, network_tx_bytes=7)
    rates.points([first], {})
    (point,) = rates.points([second], {"i-1": Limits(None, None)})
    assert point.cpu_cores == pytest.approx(1)
    assert point.cpu_percent is None
    assert point.memory_percent is None
    assert point.network_rx_bytes_per_s is None
    assert point.network_tx_bytes_per_s == pytest.approx(2)
    assert point.block_read_bytes_per_s is None


def test_ids_of_resources_are_never_the_hosts() -> None:
    assert UUID(int=0) == HOST_ID


async def test_points_of_proxies_are_rolled_up_and_dropped_as_those_of_containers(bench: Bench) -> None:
    balancer, recorder = uuid4(), Recorder(bench.pool, PROXIES, KEPT)
    points = [
        (balancer, "default", NOON + second * SECOND, requests, 0, 0, 0, 0, 0, latency_ms, 2)
        for second, requests, latency_ms in ((0, 10, 20), (1, 30, 40), (61, 5, None))
    ]
    await recorder.write(NOON, NOON + 61 * SECOND, points)
    await recorder.maintain(NOON + 62 * SECOND)
    rows = await bench.rows(
        "SELECT at, samples, requests_per_s, latency_ms, sessions FROM traffic_minute ORDER BY at"
    )
    minutes = [(NOON, 2, 20, 35, 2), (NOON + 60 * SECOND, 1, 5, None, 2)]
    assert [tuple(row.values()) for row in rows] == minutes, "the latency is the mean over requests"
    await recorder.maintain(NOON + timedelta(hours=3))
    assert await bench.rows("SELECT * FROM traffic_second") == []
    assert len(await bench.rows("SELECT * FROM traffic_minute")) == 2
    assert "traffic_minute_2026112300" in await recorder.tidy(NOON + timedelta(days=15))
