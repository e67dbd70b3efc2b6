"""Stopping containers, which takes up to their grace periods."""

import asyncio

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.engine import DockerEngine, Json
from domain.errors import Refused
from domain.ports import STOP_GRACE_S


class Stopping:
    """Stops containers without occupying a thread.

    Cancelling the caller does not interrupt the stop, and a repeated call waits for the same stop: the program gets
    its signal only once.
    """

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def stop(self, container: Json, grace_s: int | None) -> None:
        """Stop a container, which may be removed in the meantime. Raises Unreachable, Refused."""
        id_: str = container["Id"]
        task = self._tasks.get(id_)
        if task is None:
            grace_s = grace_of(container) if grace_s is None else grace_s
            task = asyncio.create_task(self._stop(id_, grace_s), name=f"stop-{id_}")
            self._tasks[id_] = task
            task.add_done_callback(self._forget)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Stop waiting; the engine completes the stops that have begun."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self, id_: str, grace_s: int) -> None:
        try:
            await self._engine.call(
                f"stop {id_}", "POST", "/containers/{}/stop", id_, params={"t": str(grace_s)}
            )
        except Refused:
            if await self._engine.run(f"inspect {id_}", lambda api: _is_there(api, id_)):
                raise

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks = {id_: other for id_, other in self._tasks.items() if other is not task}
        if not task.cancelled():
            task.exception()  # retrieved here when no caller waits


def grace_of(container: Json) -> int:
    """Return the grace period that a container was created with, in seconds."""
    own: int | None = container["Config"].get("StopTimeout")
    return STOP_GRACE_S if own is None else own


def _is_there(api: APIClient, id_: str) -> bool:
    try:
        api.inspect_container(id_)
    except NotFound:
        return False
    return True
