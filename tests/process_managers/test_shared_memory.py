"""The shared memory of a database depends on its class, from the next container on."""

from dataclasses import replace
from typing import Any

import pytest

from domain.database import Database
from domain.server import STOP_GRACE_S
from miniaws.commands import database as databases
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_archive import Databases

MEDIUM: dict[str, Any] = {"class": "medium"}


@pytest.fixture
async def on(stage: Stage) -> Databases:
    return Databases(stage)


def shm_mb(on: Databases, database: Database) -> int | None:
    return on.engine.containers[database.public_id].spec.shm_mb


async def restarted(on: Databases, database: Database) -> Database:
    """Stop it and start it again."""
    await on.stage.ask(database, Database.stop)
    await on.stage.cloud.change(REQUEST, Database, database.public_id, Database.start)
    await on.backed_up(database)
    return await on.now(database)


async def test_a_database_has_half_of_its_memory_and_time_to_end(on: Databases) -> None:
    database = await on.create(**MEDIUM)
    await on.backed_up(database)
    spec = on.engine.containers[database.public_id].spec
    assert (spec.memory_mb, spec.shm_mb, spec.stop_grace_s) == (1024, 512, STOP_GRACE_S)


async def test_another_class_waits_for_a_restart(on: Databases) -> None:
    database = await on.create()
    await on.backed_up(database)
    await databases.change(on.stage.cloud, REQUEST, "orders", databases.ChangeDatabase.model_validate(MEDIUM))
    database = await on.stage.settle(database)
    assert (database.status, database.pending_restart, shm_mb(on, database)) == (
        "available",
        ("shm_mb",),
        256,
    )
    database = await restarted(on, database)
    assert (database.pending_restart, shm_mb(on, database)) == ((), 512)


async def test_what_an_earlier_version_created_waits_for_a_restart(on: Databases) -> None:
    database = await on.create()
    await on.backed_up(database)
    container = on.engine.containers[database.public_id]
    container.spec = replace(container.spec, shm_mb=64)
    on.stage.restart_controller()
    database = await on.stage.settle(database)
    assert (database.status, database.pending_restart) == ("available", ("shm_mb",))
    assert on.engine.containers[database.public_id] is container, "it runs on"
    database = await restarted(on, database)
    assert (database.pending_restart, shm_mb(on, database)) == ((), 256)


async def test_an_engine_without_shared_memory_needs_no_restart(on: Databases) -> None:
    database = await on.create(engine="mariadb")
    await on.backed_up(database)
    assert shm_mb(on, database) is None
    await databases.change(on.stage.cloud, REQUEST, "orders", databases.ChangeDatabase.model_validate(MEDIUM))
    assert (await on.stage.settle(database)).pending_restart == ()
