"""Background loops: each is supervised on its own, and some end together with what they belong to."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from domain.errors import DomainError, PortError

_log = structlog.get_logger("loops")
_TIMEOUT_S = 1.0
FIRST_DELAY_S = 0.2
STEADY_S = 60.0
"""A loop that ran for this long restarts with the first delay again when it fails."""
_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Loop:
    """A coroutine function that is meant to run forever."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]
    is_vital: bool = False
    """Whether its failure ends the loops that run beside it instead of restarting this one."""
    longest_delay_s: float = 15.0


@dataclass(frozen=True, slots=True)
class LoopState:
    """How a loop is doing."""

    name: str
    state: Literal["running", "restarting"] = "running"
    restarts: int = 0
    last_error: str | None = None


class LoopEnded(Exception):
    """a loop that must run forever has returned"""


class Loops:
    """Runs the loops of a process and knows the state of each."""

    def __init__(self, *expected: type[Exception]) -> None:
        """Log the ``expected`` errors, like those of the ports, without a traceback."""
        self._expected = (PortError, DomainError, *expected)
        self._states: dict[str, LoopState] = {}

    def states(self) -> list[LoopState]:
        """Return the states of the loops that run at present, by name."""
        return sorted(self._states.values(), key=lambda each: each.name)

    async def run(self, *loops: Loop) -> None:
        """Run loops until this task is cancelled or a vital one fails; then end them all.

        A loop that is not vital is restarted, with a delay that grows each time. Raises what the vital loop raised.
        """
        await run_until_first_exit(**{f"keep-{loop.name}": self._keep(loop) for loop in loops})

    @asynccontextmanager
    async def running(self, *loops: Loop) -> AsyncGenerator[None]:
        """Run loops, none of them vital, while the block runs."""
        task = asyncio.create_task(self.run(*loops), name="loops")
        try:
            yield
        finally:
            await end(task)

    async def _keep(self, loop: Loop) -> None:
        self._states[loop.name] = LoopState(loop.name)
        waits = delays(loop.longest_delay_s)
        clock = asyncio.get_running_loop().time
        try:
            while True:
                started = clock()
                error = await _failure(loop)
                if loop.is_vital:
                    raise error
                if clock() - started > STEADY_S:
                    waits = delays(loop.longest_delay_s)
                delay_s = next(waits)
                self._failed(loop.name, error, delay_s)
                await asyncio.sleep(delay_s)
                self._states[loop.name] = replace(self._states[loop.name], state="running")
        finally:
            del self._states[loop.name]

    def _failed(self, name: str, error: Exception, delay_s: float) -> None:
        why = describe(error)
        restarts = self._states[name].restarts + 1
        self._states[name] = LoopState(name, "restarting", restarts, why)
        _log.warning(
            "loop failed",
            loop=name,
            why=why,
            restarts=restarts,
            again_s=delay_s,
            exc_info=None if isinstance(error, self._expected) else error,
        )


def delays(longest_s: float) -> Iterator[float]:
    """Yield how long to wait before each restart: twice as long each time, up to the longest delay."""
    delay_s = FIRST_DELAY_S
    while True:
        yield min(delay_s, longest_s)
        delay_s = min(2 * delay_s, longest_s)


def describe(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    first = str(error).strip().split("\n", 1)[0][:_LONGEST_ERROR]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


async def _failure(loop: Loop) -> Exception:
    """Run a loop once and return why it ended, which it never should."""
    task = asyncio.create_task(loop.run(), name=loop.name)
    try:
        await asyncio.wait({task})
    finally:
        await end(task)
    if task.cancelled():
        return LoopEnded(f"{loop.name} was cancelled")
    error = task.exception()
    if error is None:
        return LoopEnded(f"{loop.name} returned")
    if not isinstance(error, Exception):
        raise error
    return error


async def run_until_first_exit(**loops: Coroutine[Any, Any, None]) -> None:
    """Run loops until one ends or this task is cancelled; then end them all. Raises what the first one raised."""
    tasks = {asyncio.create_task(loop, name=name) for name, loop in loops.items()}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(*tasks)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: up to Python 3.11 ``asyncio.wait_for``, which psycopg waits with, swallows a cancellation
    that comes together with the answer.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_TIMEOUT_S)
