"""The read model and the work queue advance together, with one projector at a time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.event_store import Follower
from miniaws.runtime.projector import Projector
from projections.inventory import PositionMoved
from tests.runtime.running import Running, eventually, open_running, rows

EVENTS = 3
"""How many events the creation of a VPC is: its own, and those of its default subnet and security group."""


async def project(running: Running, kinds: Sequence[str] = ("vpc",)) -> None:
    """Follow the log until cancelled or refused."""
    async with Follower(running.database_url) as log:
        await log.connection.execute("SET search_path = read_model, public")
        await Projector(log, kinds, lambda: None).run()


async def state(running: Running) -> tuple[int, int, int]:
    (found,) = await rows(
        running.database_url,
        "SELECT (SELECT position FROM read_model.progress) AS position,"
        " (SELECT count(*) FROM read_model.versions) AS versions, (SELECT count(*) FROM work) AS work",
    )
    return found["position"], found["versions"], found["work"]


async def test_an_event_becomes_a_version_at_once_and_then_work(prepared_url: str, tmp_path: Path) -> None:
    async with open_running(prepared_url, tmp_path) as running:
        task = asyncio.create_task(project(running))
        seen: set[tuple[int, int, int]] = set()
        for number in range(5):
            await running.vpc(f"web-{number}")

        async def all_shown() -> bool:
            seen.add(await state(running))
            return (5 * EVENTS, 5 * EVENTS, 5) in seen

        await eventually(all_shown)
        await running.end(task)
        assert all(position == versions >= work for position, versions, work in seen), seen


async def test_what_a_crash_left_unmarked_is_looked_at_by_who_leads_next(
    prepared_url: str, tmp_path: Path
) -> None:
    async with open_running(prepared_url, tmp_path, resync_s=3600) as running:
        task = asyncio.create_task(project(running, kinds=[]))
        vpc = await running.vpc()

        async def shown_and_unmarked() -> bool:
            return await state(running) == (EVENTS, EVENTS, 0)

        await eventually(shown_and_unmarked)
        await running.end(task)
        await running.leading()
        await running.becomes(vpc, "available")


async def test_of_two_projectors_one_gives_up_and_nothing_is_doubled(
    prepared_url: str, tmp_path: Path
) -> None:
    async with open_running(prepared_url, tmp_path) as running:
        tasks = [asyncio.create_task(project(running)) for _ in range(2)]
        async with asyncio.timeout(30):
            number = 0
            while not any(task.done() for task in tasks):
                number += 1
                await running.vpc(f"web-{number}")
        (lost,) = [task for task in tasks if task.done()]
        with pytest.raises(PositionMoved):
            await lost
        head = await running.cloud.ports.store.head()

        async def caught_up() -> bool:
            return (await state(running))[0] == head

        await eventually(caught_up)
        for task in tasks:
            await running.end(task)
        assert await state(running) == (head, head, number)
