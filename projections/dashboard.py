"""What a dashboard shows first: what there is, by kind and status, and what is wrong with it."""

from typing import Any

from typing_extensions import TypedDict

from projections.document import resource_id
from projections.inventory import Inventory
from projections.sql import queries

_SQL = queries("dashboard")
_MOST = 50
"""Problems listed; the counts have all of them."""


class ResourceCount(TypedDict):
    """How many resources of a kind there are."""

    total: int
    by_status: dict[str, int]


class DashboardProblem(TypedDict):
    """A resource in error."""

    id: str
    kind: str
    name: str
    status: str
    status_reason: str | None
    since: str


class FailingWork(TypedDict):
    """A resource whose reconciliation fails."""

    id: str
    kind: str
    name: str
    why: str
    attempts: int


class WorkSummary(TypedDict):
    """The work queue of an account."""

    waiting: int
    failing: list[FailingWork]


class ProjectionLag(TypedDict):
    """How far the read model is behind the log."""

    lag_events: int
    lag_s: float


class Summary(TypedDict):
    """What a dashboard shows; work and lag are known for the present only."""

    position: int
    problems: list[DashboardProblem]
    work: WorkSummary | None
    projection: ProjectionLag | None
    counts: dict[str, ResourceCount]


class Dashboard:
    """Sums up an account, on the connections of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory

    async def position(self) -> int:
        """Return the newest position that reads show."""
        return await self._reads.position()

    async def summary(self, account: str, at: int, *, present: bool) -> Summary:
        """Return problems and counts at a position; work under way and lag only of the ``present``."""
        values: dict[str, Any] = {"account": account, "at": at, "limit": _MOST}
        counts: dict[str, ResourceCount] = {}
        for row in await self._reads.rows(_SQL["counts"], **values):
            kind = counts.setdefault(row["kind"], {"total": 0, "by_status": {}})
            kind["total"] += row["count"]
            kind["by_status"][row["status"]] = row["count"]
        problems: list[Any] = await self._reads.rows(_SQL["problems"], **values)
        return {
            "position": at,
            "problems": problems,
            "work": await self._work(values) if present else None,
            "projection": await self._projection() if present else None,
            "counts": counts,
        }

    async def _work(self, values: dict[str, Any]) -> WorkSummary:
        (waiting,) = await self._reads.rows(_SQL["waiting"], **values)
        failing: list[Any] = [
            {"id": resource_id(row["kind"], row.pop("resource_id")), **row}
            for row in await self._reads.rows(_SQL["failing"], **values)
        ]
        return {"waiting": waiting["count"], "failing": failing}

    async def _projection(self) -> ProjectionLag:
        state = await self._reads.state()
        return {"lag_events": state.lag_events, "lag_s": round(state.lag_s, 3)}
