"""Purges what was in the trash long enough, and the oldest of it when the engine's disk has too little room.

Process managers remove what is purged. Nothing is remembered here: after an interruption, the next round starts over.
"""

import asyncio
import contextlib
from dataclasses import replace
from datetime import datetime

import structlog

from domain.access_key import FIRST_ACCOUNT
from domain.aggregate import Aggregate
from domain.errors import Conflict, NotFound, PortError
from domain.instance import Instance
from domain.store import Cause
from domain.trash import KEPT_LONG_ENOUGH, ROOM_NEEDED, Trashable
from miniaws.application import Cloud, Request
from projections.trashed import Trashed, TrashItem, TrashQuery

_log = structlog.get_logger("trash")
_CAUSE = Cause(actor="system:trash", account_id=FIRST_ACCOUNT)
_ROUND_S = 5.0
_AT_ONCE = 100
"""Resources that are looked at per round, the oldest first."""
_GIB = 1 << 30


class EmptyTrash:
    """Purges what need not, or cannot, be kept any longer."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._trashed = Trashed(cloud.ports.inventory)

    async def run(self) -> None:
        """Purge until that fails."""
        while True:
            await self.purge()
            await asyncio.sleep(_ROUND_S)

    async def purge(self) -> None:
        """Purge what was kept long enough; if there is too little room all the same, the oldest resource."""
        inventory, now = self._cloud.ports.inventory, self._cloud.ports.clock.now()
        query = TrashQuery(await inventory.position(), None, newest_first=False, limit=_AT_ONCE)
        items = await self._trashed.items(query)
        for each in items:
            if _is_due(each, now):
                await self._purge(each, KEPT_LONG_ENOUGH)
        # One at a time, and not before the last one is removed: how much room it takes is not known before.
        is_settled = all(each["purges_at"] is not None and not _is_due(each, now) for each in items)
        if items and is_settled and await self._lacks_room():
            await self._purge(items[0], ROOM_NEEDED)

    async def _lacks_room(self) -> bool:
        least_gb = self._cloud.settings.trash_min_free_gb
        if not least_gb:
            return False
        with contextlib.suppress(PortError):
            free = await self._cloud.ports.volumes.free_bytes()
            return free is not None and free < least_gb * _GIB
        return False

    async def _purge(self, item: TrashItem, reason: str) -> None:
        request = Request(replace(_CAUSE, account_id=item["account_id"]))
        # It was restored or purged meanwhile, or a snapshot of it is taken: the next round looks again.
        with contextlib.suppress(Conflict, NotFound):
            await self._cloud.change(
                request, Aggregate.kinds[item["kind"]], item["id"], lambda found: _request(found, reason)
            )
            _log.info("purged", resource=item["id"], why=reason)


def _is_due(item: TrashItem, now: datetime) -> bool:
    return item["purges_at"] is not None and datetime.fromisoformat(item["purges_at"]) <= now


def _request(found: Aggregate, reason: str) -> None:
    if isinstance(found, Instance | Trashable):
        found.purge(reason)
