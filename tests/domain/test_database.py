"""The rules of databases."""

from dataclasses import replace

import pytest

from domain.archive import Plan
from domain.database import ENGINES, Database
from domain.database.engines import check_class
from domain.errors import Invalid
from domain.ports import SeenContainer
from domain.server import NextAction, TooLittleMemory, UnknownEngine, UnknownParameter, next_action
from tests.domain.databases import NOON, SETTINGS, backup, database, database_spec
from tests.domain.pretended import told
from tests.domain.refusals import refused


def test_a_database_gets_what_its_class_has() -> None:
    found = database(settings={**SETTINGS, "class": "large"})
    assert (found.cpus, found.memory_mb) == (2, 2048)
    assert found.archive_id.startswith("arc-")


def test_the_shared_memory_of_postgres_is_half_of_its_memory() -> None:
    assert database().shm_mb == 256
    assert database(engine="mariadb", version="10.11").shm_mb is None


def test_a_container_with_other_shared_memory_is_replaced_when_it_does_not_run() -> None:
    found = database()
    seen = SeenContainer("exited", 1, None, None, 0, oom_killed=False, address=None, cpus=1, memory_mb=512)
    assert next_action(found, replace(seen, shm_mb=64)) is NextAction.RECREATE
    assert next_action(found, replace(seen, shm_mb=256)) is NextAction.START
    assert next_action(found, replace(seen, state="paused", shm_mb=64)) is NextAction.START


def test_what_is_not_known_is_refused() -> None:
    with refused(UnknownEngine, "oracle", "postgres", field="engine"):
        Database.create(database_spec(engine="oracle"))
    with refused(UnknownEngine, "`9`", "15", field="version"):
        Database.create(database_spec(version="9"))
    with refused(Invalid, "huge", "small", field="class"):
        database(settings={**SETTINGS, "class": "huge"})


def test_a_class_too_small_for_the_engine_is_refused() -> None:
    hungry = replace(ENGINES["postgres"], least_memory_mb=1024)
    with refused(TooLittleMemory, "small", "1024", field="class"):
        check_class(hungry, "small")
    assert check_class(hungry, "medium").memory_mb == 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("work_mem", "63"),
        ("work_mem", "4MB"),
        ("work_mem", "9" * 20),
        ("log_statement", "some"),
        ("random_page_cost", "-1"),
        ("lock_timeout", "5; select 1"),
    ],
)
def test_a_parameter_takes_only_what_it_can_be(name: str, value: str) -> None:
    with refused(Invalid, name, field="parameters"):
        database(settings={**SETTINGS, "parameters": {name: value}})


def test_an_unknown_parameter_is_refused() -> None:
    with refused(UnknownParameter, "archive_mode", "work_mem", field="parameters"):
        database(settings={**SETTINGS, "parameters": {"archive_mode": "off"}})


@pytest.mark.parametrize("name", ["miniaws", "postgres", "1a", "a-b", "pg_own", "", "A", 'a"b', "a" * 64])
def test_a_database_and_its_user_have_names_that_need_no_quotes(name: str) -> None:
    with refused(Invalid, "database", field="database"):
        database(settings={**SETTINGS, "database": name})
    with refused(Invalid, "user", field="user"):
        database(username=name)


def test_class_and_parameters_change() -> None:
    found = database()
    found.modify("medium", {"work_mem": "8192"})
    assert (found.memory_mb, found.settings["class"]) == (1024, "medium")
    assert found.settings["parameters"] == {"work_mem": "8192"}
    found.modify(None, None)
    assert told(found) == ["change_requested"]


def test_what_waits_for_a_restart_is_told_once() -> None:
    found = database()
    for _ in range(2):
        found.report_prepared("PostgreSQL 15.1", ["max_connections"])
    assert (told(found), found.pending_restart) == (["prepared"], ("max_connections",))


def test_a_database_waits_for_its_first_backup_once() -> None:
    found = database()
    found.take_conditions()
    assert (found.needs_first_backup, found.was_used) == (True, False)
    for _ in range(2):
        found.report_backing_up()
    assert (found.status, found.status_reason, found.was_used) == ("backing-up", None, True)
    (watching,) = found.take_conditions().claims
    assert watching in found.held_claims()
    found.report_backing_up("the disk is full")
    assert (found.status, found.status_reason) == ("backing-up", "the disk is full")
    assert found.take_conditions().claims == []
    found.report_available()
    assert (found.status, found.needs_first_backup) == ("available", False)
    assert found.take_conditions().releases == [watching]
    assert watching not in found.held_claims()
    found.report_backing_up("a later backup failed")
    assert told(found) == ["backup_awaited", "backup_awaited", "became_available"]


def test_a_database_that_should_not_run_is_not_backing_up() -> None:
    found = database()
    found.stop()
    found.report_backing_up()
    assert found.status == "stopping"
    found.start()
    found.delete()
    found.report_backing_up()
    assert found.status == "deleting"


def test_a_database_that_was_available_before_there_was_such_a_status_stays_so() -> None:
    found = database()
    found.report_available()
    found.report_backing_up()
    assert (found.status, found.needs_first_backup) == ("available", False)
    assert found.take_conditions().releases == []


def test_a_restored_database_has_its_steps_and_its_lineage() -> None:
    source, found = database(), database(name="orders-before")
    found.restore_from(source, source.archive_id, Plan(backup(1, 0), NOON, 1, 1))
    assert found.status == "restoring"
    reading = found.take_conditions().claims[-1]
    assert reading.scope == f"use/{source.archive_id}"
    assert reading in found.held_claims()
    for _ in range(2):
        found.report_restoring("replay")
    found.report_restored(NOON, 2.5)
    assert reading in found.take_conditions().releases
    assert reading not in found.held_claims()
    assert (found.status, found.is_restoring) == ("starting", False)
    found.report_restored(NOON, 2.5)
    found.report_restoring("unpack")
    assert told(found) == ["restore_requested", "restore_advanced", "restored"]
