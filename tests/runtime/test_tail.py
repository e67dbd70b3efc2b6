"""New events are told to whoever listens in this process: each once, in order, also over a lost connection."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.event_store import Follower
from domain.store import Recorded
from miniaws.tail import Tail
from tests.runtime.running import eventually, open_running, rows

_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND position('notification_id' IN query) > 0 AND pid <> pg_backend_pid()"
)


async def test_every_new_event_is_told_once_and_in_order_whatever_is_cut(
    prepared_url: str, tmp_path: Path
) -> None:
    async with open_running(prepared_url, tmp_path) as running:
        await running.vpc("before")
        told: list[int] = []

        def listen(events: Sequence[Recorded]) -> None:
            told.extend(event.position for event in events)

        tail = Tail(lambda: Follower(prepared_url), await running.cloud.ports.store.head())
        tail.listen(listen)
        task = asyncio.create_task(tail.run())
        for number in range(12):
            await running.vpc(f"web-{number}")
            if number % 4 == 1:
                await rows(prepared_url, _CUT)
        expected = list(range(2, await running.cloud.ports.store.head() + 1))

        async def all_told() -> bool:
            return len(told) >= len(expected)

        await eventually(all_told)
        await running.end(task)
        assert told == expected
