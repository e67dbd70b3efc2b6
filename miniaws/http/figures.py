"""Figures of databases, caches, queues and of scheduled snapshots for Prometheus.

Servers are asked themselves, and so are their archives: that costs something, so it is done at most every few
seconds, however many ask. What does not answer in time has no figure, and never delays the others.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson

from domain.archive import Archive
from domain.cache import Cache
from domain.database import Database
from domain.errors import DomainError, PortError
from domain.queue import Queue
from domain.volume import Volume
from miniaws import telemetry
from miniaws.application import Cloud
from miniaws.commands import archive as archives
from miniaws.commands import cache as caches
from miniaws.commands import database as databases
from miniaws.commands import queue as queues
from miniaws.telemetry import Figures
from projections.listing import Query

_FRESH_S = 10.0
_PATIENCE_S = 5.0
_AT_ONCE = 8
_PAGE = 500
Document = dict[str, Any]


class Watched:
    """Has the figures of what has figures of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._turn = asyncio.Lock()
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._asked_at: float | None = None

    async def refresh(self) -> None:
        """Set the figures, unless that was done just now."""
        async with self._turn:
            time = asyncio.get_running_loop().time
            if self._asked_at is not None and time() - self._asked_at < _FRESH_S:
                return
            for kind, ask in (
                (Database.KIND, self._database),
                (Cache.KIND, self._cache),
                (Queue.KIND, self._queue),
                (Archive.KIND, self._archive),
                (Volume.KIND, self._volume),
            ):
                telemetry.show(kind, await self._of(kind, ask))
            self._asked_at = time()

    async def _of(self, kind: str, ask: Callable[[Document], Awaitable[dict[str, Any]]]) -> list[Figures]:
        """Return what each living resource of a kind tells."""
        inventory, documents, after = self._cloud.ports.inventory, [], None
        at = await inventory.position()
        while True:
            found = await inventory.page(Query(at, None, kind=kind, after=after, limit=_PAGE))
            documents += [orjson.loads(each) for each in found.documents]
            if (after := found.next) is None:
                break
        told = await asyncio.gather(*(self._asked(ask, each) for each in documents))
        return [
            Figures(each["id"], each["name"], each["account_id"], values)
            for each, values in zip(documents, told, strict=True)
        ]

    async def _asked(
        self, ask: Callable[[Document], Awaitable[dict[str, Any]]], document: Document
    ) -> dict[str, Any]:
        async with self._limit:
            with contextlib.suppress(DomainError, PortError, TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    return await ask(document)
        return {}

    async def _database(self, document: Document) -> dict[str, Any]:
        if document["status"] != "available":
            return {}
        found = await databases.stats(self._cloud, document["account_id"], document["id"])
        return {**found, "replica_lag_seconds": found.get("replica_lag_s")}

    async def _cache(self, document: Document) -> dict[str, Any]:
        if document["status"] != "available":
            return {}
        found = await caches.stats(self._cloud, document["account_id"], document["id"])
        # Not what its container takes, which is told of every server as `memory_bytes`.
        return {**found, "memory_used_bytes": found.get("memory_bytes")}

    async def _queue(self, document: Document) -> dict[str, Any]:
        """Return its figures, and the rates of all queues inside together, where the engine tells them."""
        if document["status"] != "available":
            return {}
        found = await queues.stats(self._cloud, document["account_id"], document["id"])
        inside: list[dict[str, Any]] = list(found.get("queues", {}).values())
        rates = {name for each in inside for name in each if name.endswith("_per_s")}
        return {**found, **{rate: sum(each[rate] for each in inside) for rate in rates}}

    async def _archive(self, document: Document) -> dict[str, Any]:
        """Return how old the newest backup is, and the newest moment that can be restored."""
        if document["observed"]["expires_at"] is not None:
            return {}
        ended = [
            datetime.fromisoformat(each["ended_at"])
            for each in document["observed"]["backups"]
            if each["status"] == "available"
        ]
        values: dict[str, Any] = {}
        if ended:
            values["backup_age_seconds"] = (self._cloud.ports.clock.now() - max(ended)).total_seconds()
        with contextlib.suppress(DomainError):
            found = await archives.restorable(
                self._cloud, document["account_id"], document["spec"]["database"]["id"]
            )
            values["restorable_age_seconds"] = found["age_s"]
        return values

    async def _volume(self, document: Document) -> dict[str, Any]:
        """Return how many moments of its schedule passed without a snapshot, since the last one that was begun."""
        if document["spec"]["snapshot_policy"] is None:
            return {}
        missed = document["observed"]["missed_snapshot"]
        return {"missed_snapshots": missed["count"] if missed else 0}
