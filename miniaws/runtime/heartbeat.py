"""The heartbeat of a controller: once a second it tells the store how it is."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import asdict

from domain.errors import Unavailable
from domain.store import Heartbeat, Heartbeats
from domain.system import Clock, RandomSource
from miniaws import telemetry
from miniaws.tasks import Loops

_EVERY_S = 1.0


class Pulse:
    """Sends heartbeats. It stops when the process dies, is frozen, blocks its event loop, or loses the store."""

    def __init__(
        self,
        heartbeats: Heartbeats,
        loops: Loops,
        leads: Callable[[], bool],
        clock: Clock,
        random: RandomSource,
    ) -> None:
        self._heartbeats = heartbeats
        self._loops = loops
        self._leads = leads
        self._id = random.uuid()
        self._started_at = clock.now()
        self._hurried = asyncio.Event()

    def beat_now(self) -> None:
        """Send the next heartbeat now: something has changed that people wait for."""
        self._hurried.set()

    async def run(self) -> None:
        """Send a heartbeat each second until cancelled."""
        try:
            while True:
                self._hurried.clear()
                await self._beat()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY_S):
                        await self._hurried.wait()
        finally:
            with contextlib.suppress(Unavailable):
                await self._heartbeats.leave(self._id)

    async def _beat(self) -> None:
        await self._heartbeats.beat(
            Heartbeat(
                self._id,
                os.getpid(),
                self._leads(),
                self._started_at,
                [asdict(each) for each in telemetry.public(self._loops.states())],
                telemetry.controller_figures(),
            )
        )
