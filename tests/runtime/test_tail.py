"""Subscribers in this process get each new event once, in order, also across a lost connection."""

from collections.abc import Sequence
from pathlib import Path

from adapters.event_store import Follower
from domain.store import Recorded
from miniaws import bootstrap
from miniaws.http.live.subscription import EventSubscription
from miniaws.tasks import Loop
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
        before = await running.cloud.ports.store.head()
        told: list[int] = []

        def listen(events: Sequence[Recorded]) -> None:
            told.extend(event.position for event in events)

        tail = EventSubscription(lambda: Follower(prepared_url), before)
        tail.listen(listen)
        async with bootstrap.new_loops().running(Loop("tail", tail.run, longest_delay_s=1)):
            for number in range(12):
                await running.vpc(f"web-{number}")
                if number % 4 == 1:
                    await rows(prepared_url, _CUT)
            expected = list(range(before + 1, await running.cloud.ports.store.head() + 1))

            async def all_told() -> bool:
                return len(told) >= len(expected)

            await eventually(all_told)
        assert told == expected


async def test_a_batch_on_which_a_listener_failed_is_told_again_to_all(
    prepared_url: str, tmp_path: Path
) -> None:
    async with open_running(prepared_url, tmp_path) as running:
        told: list[int] = []
        failures = 2

        def fail(events: Sequence[Recorded]) -> None:
            nonlocal failures
            del events
            if failures:
                failures -= 1
                raise KeyError("odd")

        tail = EventSubscription(lambda: Follower(prepared_url), await running.cloud.ports.store.head())
        tail.listen(fail)
        tail.listen(lambda events: told.extend(event.position for event in events))
        async with bootstrap.new_loops().running(Loop("tail", tail.run, longest_delay_s=1)):
            await running.vpc()
            head = await running.cloud.ports.store.head()

            async def all_told() -> bool:
                return told == list(range(1, head + 1))

            await eventually(all_told)
