"""A read model rebuilt from the log equals the one that was written incrementally."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.event_store import migrate
from adapters.event_store.recorder import EventRecorder
from projections import rebuild
from projections.inventory import SCHEMA, Inventory, InventoryProjection, Query
from tests.adapters import stores
from tests.projections import logs
from tests.projections.histories import History, by_chance
from tests.samples import sample

_EMPTY = "TRUNCATE events, claims RESTART IDENTITY; DROP SCHEMA IF EXISTS read_model CASCADE"


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """A database without a read model."""
    return empty_database_url


def test_a_rebuild_equals_what_was_written_step_by_step(database_url: str) -> None:
    with stores.open_recorder(database_url, 1) as recorder:

        @settings(max_examples=sample(10, 100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(1, 40))
        def holds(chance: Random, rounds: int, batch: int) -> None:
            stores.rows(database_url, _EMPTY)
            rebuild.ensure(database_url)
            asyncio.run(_live(database_url, recorder, chance, rounds, batch))
            head = (stores.positions(database_url) or [0])[-1]
            assert _rebuilt(database_url, head) == logs.tables(database_url, SCHEMA)

        holds()


async def _live(url: str, recorder: EventRecorder, chance: Random, rounds: int, batch: int) -> None:
    history, projection = History(chance), InventoryProjection()
    for _ in range(rounds):
        logs.append(recorder, history.steps(chance.randrange(1, 60)))
        if chance.randrange(3) == 0:
            projection.forget()  # as after a change of the leading controller
        await logs.project(url, projection, batch=batch)


def _rebuilt(url: str, upto: int) -> dict[str, list[str]]:
    with psycopg.connect(url) as connection:
        count = rebuild.build(connection, "read_model_check", upto)
        assert count == len([position for position in stores.positions(url) if position <= upto])
    return logs.tables(url, "read_model_check")


def test_a_rebuild_up_to_a_position_knows_nothing_of_later_events(database_url: str) -> None:
    migrate(database_url)
    rebuild.ensure(database_url)
    with stores.open_recorder(database_url, 1) as recorder:
        logs.append(recorder, History(by_chance(5)).steps(200))
    middle = stores.positions(database_url)[30]
    assert asyncio.run(logs.project(database_url, InventoryProjection(), batch=1, upto=middle)) == middle
    assert _rebuilt(database_url, middle) == logs.tables(database_url, SCHEMA)


def test_a_read_model_of_another_shape_is_built_anew_and_switched(database_url: str) -> None:
    migrate(database_url)
    assert rebuild.ensure(database_url) is True
    with stores.open_recorder(database_url, 1) as recorder:
        logs.append(recorder, History(by_chance(3)).steps(300))
    asyncio.run(logs.project(database_url, InventoryProjection()))
    before = logs.tables(database_url, SCHEMA)
    assert rebuild.ensure(database_url) is False
    stores.rows(database_url, "UPDATE read_model.progress SET shape = shape - 1")
    stores.rows(database_url, "UPDATE read_model.versions SET document = '{}'")
    assert rebuild.ensure(database_url) is True
    assert logs.tables(database_url, SCHEMA) == before
    assert rebuild.ensure(database_url) is False
    schemas = stores.rows(database_url, "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^read'")
    assert [schema["name"] for schema in schemas] == [SCHEMA]


def test_of_controllers_that_start_together_one_builds(database_url: str) -> None:
    migrate(database_url)
    with stores.open_recorder(database_url, 1) as recorder:
        logs.append(recorder, History(by_chance(3)).steps(200))
    together = threading.Barrier(4)

    def start() -> bool:
        together.wait()
        return rebuild.ensure(database_url)

    with ThreadPoolExecutor(4) as threads:
        built = [start.result() for start in [threads.submit(start) for _ in range(4)]]
    assert sorted(built) == [False, False, False, True]


async def test_open_reads_live_through_a_switch(database_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
    with stores.open_recorder(database_url, 1) as recorder:
        logs.append(recorder, History(by_chance(3)).steps(200))
    await asyncio.to_thread(rebuild.ensure, database_url)
    head = stores.positions(database_url)[-1]
    everything = Query(at=head, account=None, ended_after=0)
    inventory = Inventory(database_url, pool_size=1)
    await inventory.open()
    before = await inventory.page(everything)
    for _ in range(2):
        stores.rows(database_url, "UPDATE read_model.progress SET shape = 0")
        assert await asyncio.to_thread(rebuild.ensure, database_url)
        assert await inventory.page(everything) == before
        assert await inventory.position() == head
    await inventory.close()
