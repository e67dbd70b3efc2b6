"""What is in the trash, now or as of any moment."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

import orjson
from typing_extensions import TypedDict

from domain.aggregate import Aggregate
from domain.values import parse_id
from projections.document import Document
from projections.inventory import Inventory
from projections.sql import queries

_SQL = queries("trashed")
_NAMES = queries("activity")["names"]
_END = 2**62
_REQUESTS = [
    name
    for name in Aggregate.events
    if name.endswith((".delete_requested", ".terminate_requested", ".replaced"))
]


class TrashItem(TypedDict):
    """A resource in the trash."""

    id: str
    kind: str
    name: str
    status: str
    status_reason: str | None
    account_id: str
    tags: dict[str, str]
    created_at: str
    trashed_at: str
    purges_at: str | None
    """Until when it is kept; null while it is removed for good."""
    deleted_by: str
    """Who deleted it: the id of a key, or ``system:<manager>``."""
    deleted_by_name: str
    """The name of that key, or ``<manager>``."""
    position: int
    """Of the event that moved it to the trash."""


@dataclass(frozen=True, slots=True)
class TrashQuery:
    """Which items, as of a position; ``account`` None means every account."""

    at: int
    account: str | None
    kind: str | None = None
    name: str | None = None
    before: int = _END
    """Only what was moved to the trash before this position."""
    after: int = 0
    newest_first: bool = True
    limit: int = 100


class Trashed:
    """Reads the trash, on the connections of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory

    async def items(self, query: TrashQuery) -> list[TrashItem]:
        """Return one page of the trash."""
        order = "newest_first" if query.newest_first else "oldest_first"
        rows = await self._reads.rows(
            _SQL["items"] + " " + _SQL[order],
            at=query.at,
            account=query.account,
            kind=query.kind,
            name=query.name,
            before=query.before,
            after=query.after,
            requests=_REQUESTS,
            limit=query.limit,
        )
        keys = {row["deleted_by"]: found[1] for row in rows if (found := parse_id(row["deleted_by"]))}
        named = await self._reads.rows(_NAMES, ids=list(keys.values())) if keys else []
        names = {row["resource_id"]: row["name"] for row in named}
        return [_item(row, names.get(keys.get(row["deleted_by"]))) for row in rows]


def _item(row: dict[str, Any], key: str | None) -> TrashItem:
    document: Document = orjson.loads(row["document"])
    return {
        "id": document["id"],
        "kind": document["kind"],
        "name": document["name"],
        "status": document["status"],
        "status_reason": document["status_reason"],
        "account_id": document["account_id"],
        "tags": document["tags"],
        "created_at": document["created_at"],
        "trashed_at": row["trashed_at"].astimezone(UTC).isoformat(),
        "purges_at": document.get("purges_at"),
        "deleted_by": row["deleted_by"],
        "deleted_by_name": key or row["deleted_by"].removeprefix("system:"),
        "position": row["position"],
    }
