"""A caller that waits for the read models is notified, and leaves nothing behind after a timeout."""

import asyncio
import contextlib

from adapters.event_store.visibility import ProjectedPosition

COUNT = 50


async def test_what_gave_up_waiting_leaves_nothing_behind() -> None:
    position = ProjectedPosition("host=nowhere.invalid")
    for number in range(COUNT):
        assert not await position.wait_for(COUNT - number, 0)
    waiting = [asyncio.create_task(position.wait_for(number + 1, 60)) for number in range(COUNT)]
    await asyncio.sleep(0)
    assert _kept(position) == COUNT
    for task in waiting:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert _kept(position) == 0


def _kept(position: ProjectedPosition) -> int:
    return sum(len(each) for each in vars(position).values() if isinstance(each, list))
