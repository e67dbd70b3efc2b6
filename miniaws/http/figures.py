"""Figures of databases, caches, queues and of scheduled snapshots for Prometheus.

Servers are asked themselves, and so are their archives: that costs something, so it is done at most every few
seconds, however many ask. What does not answer in time has no figure, and never delays the others.
"""

import asyncio
import contextlib
from typing import Any

import orjson

from domain.errors import DomainError, PortError
from miniaws import telemetry
from miniaws.application import Cloud
from miniaws.capabilities import CAPABILITIES, Source
from miniaws.telemetry import Figures
from projections.listing import Query

_FRESH_S = 10.0
_TIMEOUT_S = 5.0
_AT_ONCE = 8
_PAGE = 500
SOURCES = {each.kind: source for each in CAPABILITIES if (source := each.figures()) is not None}
for _kind, _source in SOURCES.items():
    telemetry.declare(_kind, _source.meanings)


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
            for kind, source in SOURCES.items():
                telemetry.show(kind, await self._of(kind, source))
            self._asked_at = time()

    async def _of(self, kind: str, source: Source) -> list[Figures]:
        """Return what each living resource of a kind tells."""
        inventory, documents, after = self._cloud.ports.inventory, [], None
        at = await inventory.position()
        while True:
            found = await inventory.page(Query(at, None, kind=kind, after=after, limit=_PAGE))
            documents += [orjson.loads(each) for each in found.documents]
            if (after := found.next) is None:
                break
        told = await asyncio.gather(*(self._asked(source, each) for each in documents))
        return [
            Figures(each["id"], each["name"], each["account_id"], values)
            for each, values in zip(documents, told, strict=True)
        ]

    async def _asked(self, source: Source, document: dict[str, Any]) -> dict[str, Any]:
        async with self._limit:
            with contextlib.suppress(DomainError, PortError, TimeoutError):
                async with asyncio.timeout(_TIMEOUT_S):
                    return await source.read(self._cloud, document)
        return {}
