"""One controller leads, and a resync repairs lost events."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from domain.errors import Refused, Unreachable
from domain.instance import Instance
from domain.vpc import Vpc
from miniaws.commands import instance as instances
from tests.runtime.running import REQUEST, Running, eventually, open_running, rows

_LEADER = (
    "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory' AND l.classid = 7203 AND l.granted"
)


@pytest.fixture
async def running(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Running]:
    async with open_running(prepared_url, tmp_path, resync_s=3600) as opened:
        yield opened


@pytest.fixture
async def vigilant(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Running]:
    """With a resync several times a second."""
    async with open_running(prepared_url, tmp_path, resync_s=0.2) as opened:
        yield opened


async def cut(running: Running) -> None:
    """Make the database close the connection of the leader."""
    (leader,) = await rows(running.database_url, _LEADER)
    await rows(running.database_url, "SELECT pg_terminate_backend(%s)", leader["pid"])


async def launched(running: Running, name: str = "web-1") -> Instance:
    if not await running.cloud.ports.store.claims("name/main/vpc"):
        await running.becomes(await running.vpc("default"), "available")
    saved = await instances.launch(
        running.cloud, REQUEST, instances.LaunchInstance(name=name, image="nginx:1.27")
    )
    found = await running.becomes(saved.aggregate, "running")
    await running.idle()
    return found


async def test_a_command_is_carried_out(running: Running) -> None:
    await running.leading()
    instance = await launched(running)
    assert running.engine.containers[instance.public_id].state == "running"
    await instances.terminate(running.cloud, REQUEST, "web-1")
    await running.becomes(instance, "terminated")
    assert running.engine.containers == {}


async def test_a_second_controller_waits_and_takes_over_within_seconds(running: Running) -> None:
    first, first_task = await running.controller()
    async with asyncio.timeout(20):
        await first.leads.wait()
    second, _ = await running.controller()
    await running.becomes(await running.vpc("one"), "available")
    assert not second.leads.is_set()
    await cut(running)
    await running.end(first_task)
    async with asyncio.timeout(20):
        await second.leads.wait()
    await running.becomes(await running.vpc("two"), "available")


async def test_a_leader_that_lost_its_connection_stops_leading_and_one_leads_again(running: Running) -> None:
    controllers = [(await running.controller())[0] for _ in range(2)]

    async def one_leads() -> bool:
        return sum(controller.leads.is_set() for controller in controllers) == 1

    await eventually(one_leads)
    for number in range(3):
        (before,) = await rows(running.database_url, _LEADER)
        await cut(running)

        async def another_leads(before: int = before["pid"]) -> bool:
            found = await rows(running.database_url, _LEADER)
            return [row["pid"] for row in found] not in ([], [before])

        await eventually(another_leads)
        await eventually(one_leads)
        await running.becomes(await running.vpc(f"web-{number}"), "available")


async def test_every_connection_cut_at_once_loses_nothing(running: Running) -> None:
    await running.leading()
    await running.becomes(await running.vpc("before"), "available")
    await rows(
        running.database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    vpc = await running.vpc("after")
    await running.becomes(vpc, "available")
    assert await running.told(vpc.id) == ["create_requested", "became_available"]


async def test_what_was_asked_while_nobody_led_is_carried_out(running: Running) -> None:
    vpc = await running.vpc()
    await running.leading()
    await running.becomes(vpc, "available")


async def test_an_accident_is_seen_by_the_events_of_the_engine(running: Running) -> None:
    await running.leading()
    instance = await launched(running)
    running.engine.crash(instance.public_id)

    async def healed() -> bool:
        return (await running.told(instance.id))[-2:] == ["crashed", "started"]

    await eventually(healed, 5)


async def test_a_resync_repairs_a_lost_wake_up(vigilant: Running) -> None:
    await vigilant.leading()
    instance = await launched(vigilant)
    heard = len(vigilant.engine.events)
    vigilant.engine.containers[instance.public_id].state = "exited"  # and the engine says nothing
    assert len(vigilant.engine.events) == heard

    async def healed() -> bool:
        return (await vigilant.told(instance.id))[-2:] == ["crashed", "started"]

    await eventually(healed)


async def test_an_engine_that_went_silent_is_told_and_heals(running: Running) -> None:
    await running.leading()
    instance = await launched(running)
    silent = Unreachable("cannot reach the engine")
    for call in ("watch", "containers.inspect", "networks.ensure"):
        running.engine.fail(call, silent, None)
    running.engine.record("vpc", "vpc-of-another-cloud", "create")  # on which the watch ends
    found = await running.becomes(instance, "error")
    assert found.status_reason == "the container engine does not answer"
    for call in ("watch", "containers.inspect", "networks.ensure"):
        running.engine.heal(call)
    await running.becomes(instance, "running")
    assert (await running.told(instance.id)).count("failed") == 1


async def test_a_failing_resource_backs_off_and_stops_no_other(running: Running) -> None:
    await running.leading()
    running.engine.fail("networks.ensure", Refused("cannot use the range"), 3)
    vpc = await running.vpc("bad")
    await running.becomes(vpc, "error")

    async def third() -> bool:
        found = await rows(running.database_url, "SELECT attempts FROM work WHERE resource_id = %s", vpc.id)
        return [row["attempts"] for row in found] == [3]

    await eventually(third)
    await running.becomes(await running.vpc("good"), "available")
    await running.becomes(vpc, "available")
    assert (await running.told(vpc.id)).count("failed") == 1


async def test_a_defect_of_one_resource_stops_no_other(running: Running) -> None:
    await running.leading()
    running.engine.fail("networks.ensure", RuntimeError("a defect"), 1)
    vpc = await running.vpc("bad")
    other = await running.vpc("good")
    await running.becomes(other, "available")
    await running.becomes(vpc, "available")


async def test_many_changes_of_one_resource_end_in_the_last_wish(running: Running) -> None:
    await running.leading()
    instance = await launched(running)
    for _ in range(4):
        await instances.stop(running.cloud, REQUEST, "web-1")
        await instances.start(running.cloud, REQUEST, "web-1")
    await instances.stop(running.cloud, REQUEST, "web-1")
    await running.becomes(instance, "stopped")
    assert "crashed" not in await running.told(instance.id)


async def test_the_deletion_of_a_vpc_is_carried_out(running: Running) -> None:
    await running.leading()
    vpc = await running.vpc()
    await running.cloud.change(REQUEST, Vpc, "web", Vpc.delete)
    await running.becomes(vpc, "deleted")
    assert running.engine.networks == {}
