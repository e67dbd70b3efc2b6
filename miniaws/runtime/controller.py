"""The one active controller: takes the lead, projects the log, runs process managers, sweeps.

A second controller waits for the lead and takes over within a second of the first one's end, because the lead is a
Postgres advisory lock on the very connection that projects.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import DictRow

from domain.errors import Unavailable
from domain.ports import EngineEvent, EngineWatch
from miniaws.application import Cloud
from miniaws.runtime import wakeups
from miniaws.runtime.metrics import Collector
from miniaws.runtime.projector import Log, Projector
from miniaws.runtime.queue import WorkQueue
from miniaws.runtime.sweep import Sweep
from miniaws.runtime.traffic import TrafficCollector
from miniaws.runtime.workers import ProcessManager, Workers
from miniaws.tasks import together
from projections.inventory import SCHEMA, PositionMoved

_log = structlog.get_logger("controller")
_LEAD = "SELECT pg_try_advisory_lock(7203, 0) AS leads"
_STANDBY_S = 0.5
_RECONNECT_S = 0.5
_IDEMPOTENCY_KEPT_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Parts:
    """What a controller is made of."""

    open_log: Callable[[], AbstractAsyncContextManager[Log]]
    queue: WorkQueue
    managers: Sequence[ProcessManager]
    engine: EngineWatch
    notice: Callable[[EngineEvent], bool]
    """Told of every event of the engine before its resource is woken; tells whether that is worth it."""
    collector: Collector | None = None
    """Measures what runs; None for a controller that need not."""
    traffic: TrafficCollector | None = None
    """Looks at proxies; None as above."""


class Controller:
    """Runs until cancelled; waits for the lead again whenever it was lost."""

    def __init__(self, cloud: Cloud, parts: Parts) -> None:
        self._cloud = cloud
        self._parts = parts
        self._kinds = [manager.kind for manager in parts.managers]
        self.leads = asyncio.Event()
        """Set while this controller is the active one."""

    async def run(self) -> None:
        """Lead, or wait to."""
        while True:
            try:
                async with self._parts.open_log() as log:
                    await self._take_the_lead(log.connection)
                    _log.info("leading")
                    self.leads.set()
                    await self._serve(log)
            except (OperationalError, PositionMoved, Unavailable) as lost:
                _log.warning("lost the lead", why=str(lost))
            finally:
                self.leads.clear()
            await asyncio.sleep(_RECONNECT_S)

    async def _take_the_lead(self, connection: AsyncConnection[DictRow]) -> None:
        await connection.execute(f"SET search_path = {SCHEMA}, public")
        # What the log holds is on disk. What is folded from it need not be: lost in a crash, it is folded again.
        await connection.execute("SET synchronous_commit = off")
        while True:
            row = await (await connection.execute(_LEAD)).fetchone()
            if row is not None and row["leads"]:
                return
            await asyncio.sleep(_STANDBY_S)

    async def _serve(self, log: Log) -> None:
        settings, ports, parts = self._cloud.settings, self._cloud.ports, self._parts
        workers = Workers(parts.queue, parts.managers, ports.chance, concurrency=settings.concurrency)
        sweep = Sweep(self._cloud, parts.queue.note_orphans)
        watch = wakeups.watch(parts.engine, parts.queue, self._kinds, parts.notice, workers.wake)
        loops = {
            "projector": Projector(log, self._kinds, workers.wake).run(),
            "workers": workers.run(),
            "watch": watch,
            "resync": wakeups.resync(parts.queue, self._kinds, settings.resync_s, workers.wake),
            "sweep": sweep.run(settings.resync_s),
            "forget": self._forget(),
        }
        if parts.traffic is not None:
            loops["traffic"] = parts.traffic.run(workers.wake)
        if parts.collector is not None:
            loops["metrics"] = parts.collector.run()
        await together(**loops)

    async def _forget(self) -> None:
        while True:
            await self._cloud.ports.store.forget_claims("idempotency/", _IDEMPOTENCY_KEPT_S)
            await asyncio.sleep(3600)
