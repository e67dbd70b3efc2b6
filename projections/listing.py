"""One page of resources: what may be asked, and the query that finds it."""

from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from projections.sql import queries

_SQL = queries("listing")


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources to list; ``at`` is a position of the log. ``account`` None means every account."""

    at: int
    account: str | None
    kind: str | None = None
    name: str | None = None
    status: str | None = None
    tags: dict[str, str] | None = None
    ended_after: int | None = None
    """Also what ended after this position and lives no more; None: only what lives."""
    after: tuple[str, UUID] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Documents as JSON, and where the next page begins."""

    documents: list[bytes]
    next: tuple[str, UUID] | None


def listing(query: Query) -> LiteralString:
    """Return the SQL with only the conditions that are asked for, so that each finds its index."""
    wanted: dict[str, object] = {
        "account": query.account,
        "kind": query.kind,
        "name": query.name,
        "status": query.status,
        "tags": query.tags or None,
        "living": True,
        "last": query.ended_after,
        "after": query.after,
    }
    parts: list[LiteralString] = [
        _SQL["every"],
        *(_SQL[name] for name, value in wanted.items() if value is not None),
    ]
    return " AND ".join(parts) + " " + _SQL["order"]
