"""Removes orphans from the engine once they were held long enough.

held                          -> wait
gone from the engine          -> report_gone
its resource needs it again   -> report_needed
otherwise                     -> request_removal -> remove -> report_gone

The engine and the resource are observed before every action, so that no event says of the engine what was not seen
there.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from domain.errors import PortError, Refused
from domain.orphan import Orphan
from miniaws.application import Cloud
from miniaws.runtime.reconciler import LONG_PASS_S, Reconciler, ReconcileResult
from miniaws.runtime.sweep import sorts, unwanted

_Observed = Literal["held", "gone", "needed", "unneeded"]


class OrphanAction(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "is no orphan any more"
    WAIT = "wait until it may be removed"
    REPORT_GONE = "report that it is gone"
    REPORT_NEEDED = "report that its resource needs it again"
    REQUEST_REMOVAL = "request its removal"
    REMOVE = "remove it"


def next_action(orphan: Orphan, observed: _Observed) -> OrphanAction:
    """Return what to do next; ``NOTHING`` once the orphan has ended."""
    if orphan.has_ended:
        return OrphanAction.NOTHING
    if observed == "held":
        return OrphanAction.WAIT
    if observed == "gone":
        return OrphanAction.REPORT_GONE
    if observed == "needed":
        return OrphanAction.REPORT_NEEDED
    return OrphanAction.REQUEST_REMOVAL if orphan.status == "held" else OrphanAction.REMOVE


class OrphanManager:
    """Reconciles the engine with the orphans that are known."""

    kind = Orphan.KIND
    timeout_s = LONG_PASS_S

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sorts = {sort.thing: sort for sort in sorts(cloud.ports)}
        self._reconciler = Reconciler(
            cloud,
            Orphan,
            observe=self._observe,
            next_action=next_action,
            carry_out=self._carry_out,
            resting={OrphanAction.NOTHING: None},
            failure=_failure,
        )

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one orphan."""
        return await self._reconciler.reconcile(resource_id)

    async def _observe(self, orphan: Orphan) -> _Observed:
        if orphan.is_held(self._now()):
            return "held"
        if orphan.has_ended or not await self._exists(orphan):
            return "gone"
        is_unneeded = await unwanted(self._cloud.ports.store, orphan.resource_id) is not None
        return "unneeded" if is_unneeded else "needed"

    async def _carry_out(
        self, action: OrphanAction, orphan: Orphan, observed: _Observed
    ) -> ReconcileResult | None:
        del observed
        match action:
            case OrphanAction.WAIT:
                return ReconcileResult("is held", (orphan.held_until - self._now()).total_seconds())
            case OrphanAction.REPORT_GONE:
                await self._reconciler.report(orphan, Orphan.report_gone)
            case OrphanAction.REPORT_NEEDED:
                await self._reconciler.report(orphan, Orphan.report_needed)
            case OrphanAction.REQUEST_REMOVAL:
                await self._reconciler.report(orphan, Orphan.request_removal)
            case OrphanAction.REMOVE:
                await self._remove(orphan)
            case OrphanAction.NOTHING:
                pass
        return None

    async def _remove(self, orphan: Orphan) -> None:
        await self._sorts[orphan.thing].remove(orphan.resource_id)
        if await self._exists(orphan):
            raise Refused(
                f"cannot remove {orphan.name}: the engine has one of another name with its labels; remove it by hand"
            )

    async def _exists(self, orphan: Orphan) -> bool:
        found = await self._sorts[orphan.thing].found()
        return any(each.resource_id == orphan.resource_id for each in found)

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now()


def _failure(error: PortError) -> Callable[[Orphan], None]:
    return lambda orphan: orphan.report_failed(str(error))


def create_manager(cloud: Cloud) -> OrphanManager:
    """Return what reconciles the engine with orphans."""
    return OrphanManager(cloud)
