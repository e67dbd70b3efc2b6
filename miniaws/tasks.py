"""Tasks that live and end together."""

import asyncio
from collections.abc import Coroutine

_PATIENCE_S = 1.0


async def together(**loops: Coroutine[None, None, None]) -> None:
    """Run loops until one ends or this task is cancelled; then end them all. Raises what the first one raised."""
    tasks = {asyncio.create_task(loop, name=name) for name, loop in loops.items()}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(*tasks)


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: up to Python 3.11 ``asyncio.wait_for``, which psycopg waits with, swallows a cancellation
    that comes together with the answer.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE_S)
