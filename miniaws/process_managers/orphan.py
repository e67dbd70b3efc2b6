"""Removes orphans from the engine when they were held long enough.

held                        -> waits
gone from the engine        -> report_gone
its resource wants it again -> report_wanted
else                        -> request_removal -> remove -> report_gone

What is to be removed is looked for anew just before, and again after: no event says of the engine what was not seen
there. Dying between two steps is harmless: the next pass begins with the first one.
"""

from uuid import UUID

from domain.errors import PortError, Refused
from domain.orphan import Orphan
from domain.store import Cause
from miniaws.application import Cloud
from miniaws.runtime.sweep import sorts, unwanted
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:orphan-manager", account_id="")


class OrphanManager:
    """Reconciles the engine with what is known of orphans."""

    kind = Orphan.KIND

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sorts = {sort.thing: sort for sort in sorts(cloud.ports)}

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one orphan to its end."""
        orphan = await self._cloud.load_by_id(Orphan, resource_id)
        now = self._cloud.ports.clock.now()
        if orphan.has_ended:
            return Pass("is no orphan any more")
        if orphan.is_held(now):
            return Pass("is held", again_s=(orphan.held_until - now).total_seconds())
        try:
            return await self._end(orphan)
        except PortError as error:
            reason = str(error)
            await self._cloud.report(Orphan, orphan.id, _CAUSE, lambda o: o.report_failed(reason))
            raise

    async def _end(self, orphan: Orphan) -> Pass:
        if not await self._is_there(orphan):
            await self._cloud.report(Orphan, orphan.id, _CAUSE, Orphan.report_gone)
            return Pass("is gone")
        if await unwanted(self._cloud.ports.store, orphan.resource_id) is None:
            await self._cloud.report(Orphan, orphan.id, _CAUSE, Orphan.report_wanted)
            return Pass("is wanted again")
        await self._cloud.report(Orphan, orphan.id, _CAUSE, Orphan.request_removal)
        await self._sorts[orphan.thing].remove(orphan.resource_id)
        if await self._is_there(orphan):
            raise Refused(
                f"cannot remove {orphan.name}: the engine has one of another name with its labels; remove it by hand"
            )
        await self._cloud.report(Orphan, orphan.id, _CAUSE, Orphan.report_gone)
        return Pass("removed it")

    async def _is_there(self, orphan: Orphan) -> bool:
        found = await self._sorts[orphan.thing].found()
        return any(each.resource_id == orphan.resource_id for each in found)
