"""Windows of metrics: suitable steps, no invented values, nothing beyond the retention."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.event_store import migrate
from domain.errors import Invalid
from projections import rebuild
from projections.inventory import Inventory
from projections.metrics import HOST_ID, METRICS, MOST_POINTS, Metrics, Retention, Window, table, window

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEPT = Retention(timedelta(hours=2), timedelta(days=14), timedelta(days=400))
WEB, DB = uuid4(), uuid4()


def shown(ago: timedelta, span: timedelta, step_s: int | None = None, want: int = 600) -> Window:
    start = NOON - ago
    return window(start, start + span, step_s, KEPT, NOON, want)


@pytest.mark.parametrize(
    ("ago", "span", "step_s", "resolution"),
    [
        (timedelta(minutes=5), timedelta(minutes=5), 1, "second"),
        (timedelta(hours=1), timedelta(hours=1), 10, "second"),
        (timedelta(hours=3), timedelta(minutes=5), 60, "minute"),
        (timedelta(days=1), timedelta(days=1), 300, "minute"),
        (timedelta(days=10), timedelta(days=10), 3600, "hour"),
        (timedelta(days=20), timedelta(hours=1), 3600, "hour"),
        (timedelta(days=400), timedelta(days=400), 86400, "hour"),
    ],
)
def test_steps_fit_the_stretch_and_what_is_kept(
    ago: timedelta, span: timedelta, step_s: int, resolution: str
) -> None:
    found = shown(ago, span)
    assert (found.step_s, found.resolution) == (step_s, resolution)
    assert found.start <= NOON - ago
    assert found.end >= NOON - ago + span


def test_a_window_is_whole_steps_that_begin_on_the_clock() -> None:
    found = window(NOON + timedelta(seconds=61), NOON + timedelta(seconds=181), 60, KEPT, NOON, 600)
    assert found.times == [NOON + timedelta(minutes=minute) for minute in (1, 2, 3)]


@pytest.mark.parametrize(
    ("ago", "span", "step_s", "field"),
    [
        (timedelta(minutes=5), timedelta(0), None, "from"),
        (timedelta(minutes=5), timedelta(minutes=-1), None, "from"),
        (timedelta(hours=3), timedelta(hours=1), 1, "step"),
        (timedelta(days=20), timedelta(hours=1), 60, "step"),
        (timedelta(hours=1), timedelta(hours=1), 90, "step"),
        (timedelta(hours=1), timedelta(hours=1), 3660, "step"),
        (timedelta(hours=2), timedelta(seconds=MOST_POINTS + 1), 1, "step"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    ago: timedelta, span: timedelta, step_s: int | None, field: str
) -> None:
    with pytest.raises(Invalid, match=r"^`\w+` must ") as refused:
        shown(ago, span, step_s)
    assert refused.value.field == field


@pytest.fixture
async def inventory(database_url: str) -> AsyncGenerator[Inventory]:
    migrate(database_url)
    rebuild.ensure(database_url)
    with psycopg.connect(database_url) as connection:
        # One partition for all of time: making them is the collector's part.
        connection.execute("CREATE TABLE seconds PARTITION OF metrics_second DEFAULT")
    inventory = Inventory(database_url)
    await inventory.open()
    yield inventory
    await inventory.close()


@pytest.fixture
def metrics(inventory: Inventory) -> Metrics:
    return Metrics(inventory, KEPT)


async def put(
    inventory: Inventory, resource: UUID, at: datetime, cpu: float, network: float | None = 1
) -> None:
    """Write one second."""
    await inventory.rows(
        "INSERT INTO metrics_second VALUES (%(id)s, %(at)s, %(cpu)s, 0.5, 10, 1000000, %(network)s, %(network)s,"
        " NULL, NULL) RETURNING at",
        id=resource,
        at=at,
        cpu=cpu,
        network=network,
    )


async def test_points_are_averages_and_maxima_of_what_was_measured(
    metrics: Metrics, inventory: Inventory
) -> None:
    for second, cpu in ((0, 10), (1, 30), (20, 50)):
        await put(inventory, WEB, NOON + timedelta(seconds=second), cpu)
    await put(inventory, DB, NOON, 99)
    span = Window(NOON, NOON + timedelta(seconds=30), 10, "second")
    rows = table((await metrics.points([WEB], span))[WEB], span)
    assert [row["at"] for row in rows] == span.times
    assert [row["samples"] for row in rows] == [2, 0, 1]
    assert [row["cpu_percent"] for row in rows] == [20, None, 50]
    assert [row["cpu_percent_max"] for row in rows] == [30, None, 50]
    assert [row["memory_bytes"] for row in rows] == [1_000_000, None, 1_000_000]
    assert {row["block_read_bytes_per_s"] for row in rows} == {None}


async def test_an_average_is_over_what_could_be_measured(metrics: Metrics, inventory: Inventory) -> None:
    await put(inventory, WEB, NOON, 10, network=None)
    await put(inventory, WEB, NOON + timedelta(seconds=1), 10, network=30)
    span = Window(NOON, NOON + timedelta(seconds=10), 10, "second")
    (row,) = table((await metrics.points([WEB], span))[WEB], span)
    assert (row["samples"], row["network_rx_bytes_per_s"]) == (2, 30)


async def test_a_window_without_any_point_is_all_missing(metrics: Metrics) -> None:
    span = Window(NOON, NOON + timedelta(minutes=2), 60, "minute")
    assert await metrics.points([WEB], span) == {}
    rows = table({}, span)
    assert all(row[name] is None for row in rows for name in METRICS)


async def test_the_newest_is_of_a_moment_ago_and_of_the_accounts_asked_for(
    metrics: Metrics, inventory: Inventory
) -> None:
    rows = await inventory.rows("SELECT clock_timestamp() AS now")
    now: datetime = rows[0]["now"]
    for resource, account in ((WEB, "main"), (DB, "class-1")):
        await inventory.rows(
            "INSERT INTO resources VALUES (%(id)s, 'instance', %(account)s, %(name)s, 1, NULL) RETURNING name",
            id=resource,
            account=account,
            name=f"of-{account}",
        )
        await put(inventory, resource, now - timedelta(seconds=2), 20)
        await put(inventory, resource, now - timedelta(seconds=1), 40)
    await put(inventory, HOST_ID, now - timedelta(seconds=1), 60)
    of_main = {each.name: each.values["cpu_percent"] for each in await metrics.newest(["main"])}
    assert of_main == {"host": 60, "of-main": 40}
    assert len(await metrics.newest(None)) == 3
    assert await metrics.newest(None, age_s=0.0001) == []
