"""The one active controller: takes the lead, projects the log, runs process managers, sweeps.

A second controller waits for the lead and takes over within a second of the first one's end, because the lead is a
Postgres advisory lock on the very connection that projects.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.ports import EngineEvent, EngineWatch
from miniaws.application import Cloud
from miniaws.runtime import wakeups
from miniaws.runtime.firewall import FirewallLoop
from miniaws.runtime.heartbeat import Pulse
from miniaws.runtime.metrics import Collector
from miniaws.runtime.projector import Log, Projector
from miniaws.runtime.queue import WorkQueue
from miniaws.runtime.recorder import Recorder, maintain_forever
from miniaws.runtime.sweep import Sweep
from miniaws.runtime.traffic import TrafficCollector
from miniaws.runtime.trash import EmptyTrash
from miniaws.runtime.workers import ProcessManager, Workers
from miniaws.tasks import Loop, Loops, LoopState
from projections.inventory import SCHEMA

_log = structlog.get_logger("controller")
_LEAD = "SELECT pg_try_advisory_lock(7203, 0) AS leads"
_STANDBY_S = 0.5
_IDEMPOTENCY_KEPT_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class ControllerDependencies:
    """What a controller is made of."""

    open_log: Callable[[], AbstractAsyncContextManager[Log]]
    queue: WorkQueue
    managers: Sequence[ProcessManager]
    engine: EngineWatch
    notice: Callable[[EngineEvent], bool]
    """Records every event of the engine before its resource is marked; returns whether to mark it."""
    collector: Collector | None = None
    """Measures containers; None for a controller without metrics."""
    traffic: TrafficCollector | None = None
    """Measures proxies; None as above."""


class Controller:
    """Runs until cancelled; waits for the lead again whenever it was lost."""

    def __init__(self, cloud: Cloud, parts: ControllerDependencies, loops: Loops) -> None:
        self._cloud = cloud
        self._parts = parts
        self._loops = loops
        self._kinds = [manager.kind for manager in parts.managers]
        self.leads = asyncio.Event()
        """Set while this controller is the active one."""
        ports = cloud.ports
        self._pulse = Pulse(ports.heartbeats, loops, self.leads.is_set, ports.clock, ports.random)

    async def run(self) -> None:
        """Lead, or wait to. Whatever ends the lead, another controller or this one takes it again."""
        await self._loops.run(
            Loop("lead", self._lead, longest_delay_s=5),
            Loop("heartbeat", self._pulse.run, longest_delay_s=1),
        )

    @property
    def managers(self) -> Sequence[ProcessManager]:
        """What reconciles, one of each kind."""
        return self._parts.managers

    def states(self) -> list[LoopState]:
        """Return how each loop of this process is doing."""
        return self._loops.states()

    async def _lead(self) -> None:
        try:
            async with self._parts.open_log() as log:
                await self._take_the_lead(log.connection)
                _log.info("leading")
                self.leads.set()
                self._pulse.beat_now()
                await self._loops.run(*self._leading(log))
        finally:
            self.leads.clear()
            self._pulse.beat_now()

    async def _take_the_lead(self, connection: AsyncConnection[DictRow]) -> None:
        await connection.execute(f"SET search_path = {SCHEMA}, public")
        # What the log holds is on disk. What is folded from it need not be: lost in a crash, it is folded again.
        await connection.execute("SET synchronous_commit = off")
        while True:
            row = await (await connection.execute(_LEAD)).fetchone()
            if row is not None and row["leads"]:
                return
            await asyncio.sleep(_STANDBY_S)

    def _leading(self, log: Log) -> list[Loop]:
        """Return what a leader runs. Without the projector or the workers nothing is carried out: they end the lead."""
        settings, ports, parts = self._cloud.settings, self._cloud.ports, self._parts
        workers = Workers(parts.queue, parts.managers, ports.random, concurrency=settings.concurrency)
        firewall = FirewallLoop(self._cloud)
        projector = Projector(log, self._kinds, workers.wake, firewall.notice)

        def notice(event: EngineEvent) -> bool:
            firewall.notice_container(event)
            return parts.notice(event)

        watcher = wakeups.Watcher(parts.engine, parts.queue, self._kinds, notice, workers.wake)
        sweep = Sweep(self._cloud, parts.queue.note_orphans)
        loops = [
            Loop("projector", projector.run, is_vital=True),
            Loop("firewall", firewall.run, longest_delay_s=2),
            Loop("workers", workers.run, is_vital=True),
            Loop("watch", watcher.run, longest_delay_s=1),
            Loop("resync", lambda: wakeups.resync(parts.queue, self._kinds, settings.resync_s, workers.wake)),
            Loop("sweep", lambda: sweep.run(settings.resync_s)),
            Loop("trash", EmptyTrash(self._cloud).run),
            Loop("forget", self._forget),
        ]
        return [*loops, *self._measuring(workers.wake)]

    def _measuring(self, wake: Callable[[], None]) -> list[Loop]:
        loops: list[Loop] = []
        recorders: list[Recorder] = []
        if (traffic := self._parts.traffic) is not None:
            loops.append(Loop("traffic", lambda: traffic.run(wake), longest_delay_s=1))
            recorders.append(traffic.recorder)
        if (collector := self._parts.collector) is not None:
            loops.append(Loop("measure", collector.measure_each_second, longest_delay_s=1))
            recorders.append(collector.recorder)
        if recorders:
            loops.append(Loop("roll-up", lambda: maintain_forever(self._cloud.ports.clock, recorders)))
        return loops

    async def _forget(self) -> None:
        while True:
            await self._cloud.ports.store.forget_claims("idempotency/", _IDEMPOTENCY_KEPT_S)
            await asyncio.sleep(3600)
