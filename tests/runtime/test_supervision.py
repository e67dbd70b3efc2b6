"""Each loop of a controller can fail, and the cloud continues."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.stats import Sample
from domain.store import ControllerState, Heartbeat
from miniaws.runtime.controller import Controller
from miniaws.tasks import LoopState, end
from tests.runtime.running import Running, eventually, open_running, rows

VITAL = {"projector", "workers"}
ALONE = {
    "watch",
    "resync",
    "sweep",
    "trash",
    "firewall",
    "forget",
    "traffic",
    "measure",
    "roll-up",
    "heartbeat",
    "visibility",
}
ABOVE = {"lead"}
"""Ends when the lead is lost, and regains it."""
_LEADER = (
    "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory' AND l.classid = 7203 AND l.granted"
)


@pytest.fixture
async def running(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Running]:
    async with open_running(prepared_url, tmp_path, resync_s=3600) as opened:
        yield opened


async def leading(running: Running) -> Controller:
    """Return a controller that leads, with all of its loops."""
    controller = await running.leading()

    async def runs() -> bool:
        return states(controller).keys() >= VITAL | ALONE

    await eventually(runs)
    return controller


async def newest(running: Running) -> Heartbeat | None:
    found = await running.cloud.ports.heartbeats.newest()
    return found[0] if found else None


def states(controller: Controller) -> dict[str, LoopState]:
    return {each.name: each for each in controller.states()}


async def end_loop(name: str) -> None:
    """Kill the running loop of this name."""
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == name]
    assert tasks, f"no loop {name} runs"
    await end(*tasks)


async def test_every_loop_is_known_here(running: Running) -> None:
    controller = await leading(running)
    assert states(controller).keys() == VITAL | ALONE | ABOVE


@pytest.mark.parametrize("name", sorted(ALONE))
async def test_a_loop_that_ends_is_restarted_and_the_lead_is_kept(running: Running, name: str) -> None:
    controller = await leading(running)
    before = await rows(running.database_url, _LEADER)
    await end_loop(name)

    async def runs_again() -> bool:
        found = states(controller)[name]
        return (found.state, found.restarts) == ("running", 1)

    await eventually(runs_again)
    await running.becomes(await running.vpc(), "available")
    assert await rows(running.database_url, _LEADER) == before


@pytest.mark.parametrize("name", sorted(VITAL | ABOVE))
async def test_a_loop_without_which_nothing_is_carried_out_ends_the_lead(running: Running, name: str) -> None:
    await leading(running)
    before = await rows(running.database_url, _LEADER)
    await end_loop(name)

    async def leads_again() -> bool:
        return await rows(running.database_url, _LEADER) not in ([], before)

    await eventually(leads_again)
    await running.becomes(await running.vpc(), "available")


@pytest.mark.parametrize("name", sorted(VITAL))
async def test_another_controller_takes_over_when_it_fails_again_and_again(
    running: Running, name: str
) -> None:
    first = await leading(running)
    second, _ = await running.controller()

    async def second_leads() -> bool:
        if first.leads.is_set() and any(task.get_name() == name for task in asyncio.all_tasks()):
            await end_loop(name)
        return second.leads.is_set()

    await eventually(second_leads)


class OddStats:
    """Raises an unexpected error."""

    async def sample(self) -> list[Sample]:
        raise KeyError("miniaws.id")

    async def close(self) -> None:
        return


async def test_a_defect_in_measuring_never_stops_reconciling(running: Running) -> None:
    running.world = replace(running.world, stats=OddStats())
    controller = await leading(running)

    async def failed_twice() -> bool:
        return states(controller)["measure"].restarts >= 2

    await eventually(failed_twice)
    assert controller.leads.is_set()
    await running.becomes(await running.vpc(), "available")
    said = await eventually(lambda: newest(running))
    assert said.state is ControllerState.LEADING

    async def told() -> bool:
        heartbeat = await newest(running)
        loops = {each["name"]: each for each in heartbeat.loops} if heartbeat else {}
        return loops.get("measure", {}).get("last_error") == "KeyError: 'miniaws.id'"

    await eventually(told)


async def test_work_of_an_unknown_kind_is_a_failed_item(running: Running) -> None:
    controller = await leading(running)
    await rows(
        running.database_url,
        "INSERT INTO work (resource_id, kind, due_at) VALUES (gen_random_uuid(), 'dns_zone', now())",
    )

    async def failed() -> str | None:
        found = await rows(
            running.database_url, "SELECT last_error FROM work WHERE kind = 'dns_zone' AND attempts > 0"
        )
        return found[0]["last_error"] if found else None

    assert "this version does not know it" in await eventually(failed)
    await running.becomes(await running.vpc(), "available")
    assert states(controller)["lead"].restarts == 0


async def test_events_of_an_unknown_kind_do_not_stop_the_projector(running: Running) -> None:
    controller = await leading(running)
    known = await running.vpc("known")
    await running.becomes(known, "available")
    await rows(
        running.database_url,
        "UPDATE events SET topic = 'dns_zone.create_requested' WHERE originator_id = %s AND originator_version = 1",
        known.id,
    )
    await rows(running.database_url, "UPDATE read_model.progress SET position = 0")
    await rows(running.database_url, "TRUNCATE read_model.resources, read_model.versions")
    await end_loop("projector")
    await running.becomes(await running.vpc("next"), "available")
    assert states(controller)["lead"].restarts == 1


async def test_a_controller_that_ends_leaves_no_heartbeat(running: Running) -> None:
    _, task = await running.controller()
    await eventually(lambda: newest(running))
    await running.end(task)
    assert await newest(running) is None


async def test_a_heartbeat_that_cannot_be_sent_stops_nothing(running: Running) -> None:
    controller = await leading(running)
    await rows(running.database_url, "ALTER TABLE controllers RENAME TO away")
    try:

        async def failed() -> bool:
            return states(controller)["heartbeat"].restarts > 0

        await eventually(failed)
        await running.becomes(await running.vpc(), "available")
    finally:
        await rows(running.database_url, "ALTER TABLE away RENAME TO controllers")

    async def beats() -> bool:
        heartbeat = await newest(running)
        return heartbeat is not None and heartbeat.age_s < 1

    await eventually(beats)
