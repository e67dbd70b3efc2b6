"""A loop that fails is restarted with increasing delay; a vital one stops the others."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import islice
from typing import Any

import pytest

from miniaws.tasks import FIRST_DELAY_S, Loop, LoopEnded, Loops, delays
from tests.runtime.running import eventually


async def forever() -> None:
    await asyncio.Event().wait()


async def returns() -> None:
    return


async def raises() -> None:
    raise KeyError("miniaws.id")


async def is_cancelled() -> None:
    raise asyncio.CancelledError


class Failing:
    """Fails a number of times, then runs."""

    def __init__(self, times: int, how: Callable[[], Coroutine[Any, Any, None]] = raises) -> None:
        self.runs = 0
        self._times = times
        self._how = how

    async def run(self) -> None:
        self.runs += 1
        await (self._how() if self.runs <= self._times else forever())


@pytest.mark.parametrize("how", [returns, raises, is_cancelled])
async def test_a_loop_that_ends_in_any_way_is_restarted_alone(
    how: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    loops, failing, other = Loops(), Failing(2, how), Failing(0)
    async with loops.running(Loop("failing", failing.run), Loop("other", other.run)):

        async def restarted() -> bool:
            return failing.runs == 3

        await eventually(restarted)
        found = {each.name: each for each in loops.states()}
        assert (found["failing"].state, found["failing"].restarts) == ("running", 2)
        assert found["failing"].last_error
        assert (found["other"].restarts, found["other"].last_error, other.runs) == (0, None, 1)
    assert loops.states() == []


def test_the_delay_doubles_up_to_the_longest() -> None:
    assert list(islice(delays(3 * FIRST_DELAY_S), 4)) == pytest.approx(
        [FIRST_DELAY_S * n for n in (1, 2, 3, 3)]
    )
    assert list(islice(delays(FIRST_DELAY_S / 2), 2)) == [FIRST_DELAY_S / 2] * 2


async def test_while_a_loop_waits_it_is_told_why() -> None:
    loops = Loops()
    async with loops.running(Loop("failing", raises)):

        async def waits() -> bool:
            return [each.state for each in loops.states()] == ["restarting"]

        await eventually(waits)
        assert loops.states()[0].last_error == "KeyError: 'miniaws.id'"


@pytest.mark.parametrize(
    ("how", "error"), [(returns, LoopEnded), (raises, KeyError), (is_cancelled, LoopEnded)]
)
async def test_a_vital_loop_ends_the_others_and_its_error_is_raised(
    how: Callable[[], Coroutine[Any, Any, None]], error: type[Exception]
) -> None:
    loops = Loops()
    with pytest.raises(error):
        await loops.run(Loop("vital", how, is_vital=True), Loop("other", forever))
    assert loops.states() == []
