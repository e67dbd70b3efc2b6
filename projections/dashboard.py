"""What a dashboard shows first: what there is, by kind and status, and what is wrong with it."""

from typing import Any

from projections.document import resource_id
from projections.inventory import Inventory
from projections.sql import queries

_SQL = queries("dashboard")
_MOST = 50
"""Problems listed; the counts have all of them."""


class Dashboard:
    """Sums up an account, on the connections of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory

    async def position(self) -> int:
        """Return the newest position that reads show."""
        return await self._reads.position()

    async def summary(self, account: str, at: int, *, present: bool) -> dict[str, Any]:
        """Return problems and counts at a position; work under way and lag only of the ``present``."""
        values: dict[str, Any] = {"account": account, "at": at, "limit": _MOST}
        counts: dict[str, dict[str, Any]] = {}
        for row in await self._reads.rows(_SQL["counts"], **values):
            kind = counts.setdefault(row["kind"], {"total": 0, "by_status": {}})
            kind["total"] += row["count"]
            kind["by_status"][row["status"]] = row["count"]
        return {
            "position": at,
            "problems": await self._reads.rows(_SQL["problems"], **values),
            "work": await self._work(values) if present else None,
            "projection": await self._projection() if present else None,
            "counts": counts,
        }

    async def _work(self, values: dict[str, Any]) -> dict[str, Any]:
        (waiting,) = await self._reads.rows(_SQL["waiting"], **values)
        failing = [
            {"id": resource_id(row["kind"], row.pop("resource_id")), **row}
            for row in await self._reads.rows(_SQL["failing"], **values)
        ]
        return {"waiting": waiting["count"], "failing": failing}

    async def _projection(self) -> dict[str, Any]:
        state = await self._reads.state()
        return {"lag_events": state.lag_events, "lag_s": round(state.lag_s, 3)}
