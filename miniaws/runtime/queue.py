"""The keyed work queue in Postgres: one row per resource that may not be as desired.

A row is leased while a pass runs, deleted when the pass is done and nothing was marked meanwhile, and keeps its
back-off across restarts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.aggregate import Aggregate
from domain.store import Recorded
from domain.values import public_id
from domain.watch import watch_scope
from projections.sql import parse

SQL = parse((files("miniaws.runtime") / "work.sql").read_text(encoding="utf-8"))

LEASE_S = 90.0
"""A lease that nobody renews for this long ends: its pass has died with its process."""
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Lease:
    """One resource to look at."""

    resource_id: UUID
    kind: str
    generation: int
    attempts: int
    due_at: datetime
    """Since when it was due. Whatever is asked for meanwhile makes it another moment."""


@dataclass(frozen=True, slots=True)
class LeaseBatch:
    """What was due, and in how many seconds something else is; None for never."""

    leases: list[Lease]
    next_due_s: float | None


async def mark(
    connection: AsyncConnection[DictRow], events: Sequence[Recorded], kinds: Iterable[str]
) -> bool:
    """Mark what events concern, once reads show them; return whether there was any.

    A user's change is due at once and ends a back-off. A change by another manager is due, but ends none. A report of
    the resource's own manager marks nothing: the pass that reported it observes again before it ends. Resources that
    watch another one are marked by all of its events.
    """
    urgency: dict[UUID, tuple[str, bool]] = {}
    for event in events:
        kind = event.type.partition(".")[0]
        if kind in kinds and event.actor != manager_of(kind):
            _, urgent = urgency.get(event.resource_id, (kind, False))
            urgency[event.resource_id] = (kind, urgent or not event.actor.startswith("system:"))
    changed = {event.resource_id: event.type.partition(".")[0] for event in events}
    # A log that another version has written may hold kinds that this one does not know.
    known = [(id_, Aggregate.kinds[kind]) for id_, kind in changed.items() if kind in Aggregate.kinds]
    scopes = [watch_scope(public_id(kind.PREFIX, id_)) for id_, kind in known]
    # One statement for all of them: a round trip each would be most of what a batch costs.
    cursor = await connection.execute(SQL["mark"], _marks(urgency, scopes), prepare=True)
    return cursor.rowcount > 0


def _marks(urgency: Mapping[UUID, tuple[str, bool]], scopes: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "resource_ids": list(urgency),
        "kinds": [kind for kind, _ in urgency.values()],
        "urgent": [id_ for id_, (_, urgent) in urgency.items() if urgent],
        "background": [id_ for id_, (_, urgent) in urgency.items() if not urgent],
        "scopes": list(scopes),
    }


def manager_of(kind: str) -> str:
    """Return as whom the process manager of a kind acts."""
    return f"system:{kind.replace('_', '-')}-manager"


class WorkQueue:
    """Leases and releases work; only the active controller does."""

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], *, lease_s: float = LEASE_S
    ) -> None:
        self._pool = pool
        self.lease_s = lease_s

    async def free(self) -> None:
        """Release what the previous controller had leased."""
        await self._run("free")

    async def take(self, limit: int) -> LeaseBatch:
        """Lease what is due, the longest waiting first."""
        rows = await self._run("take", limit=limit, lease_s=self.lease_s)
        next_due_s = rows[0]["next_due_s"]
        return LeaseBatch([_lease(row) for row in rows if row["resource_id"] is not None], next_due_s)

    async def renew(self, leases: Iterable[Lease]) -> None:
        """Keep leases whose passes still run."""
        await self._run("renew", resource_ids=[lease.resource_id for lease in leases], lease_s=self.lease_s)

    async def wake(self, resource_id: UUID, kind: str) -> None:
        """Mark one resource as due at once."""
        await self._run("mark", **_marks({resource_id: (kind, True)}))

    async def wake_all(self, kinds: list[str], *, urgent: bool) -> None:
        """Mark every living resource of these kinds; when ``urgent``, also those that back off."""
        await self._run("mark_all_urgent" if urgent else "mark_all", kinds=kinds)

    async def finish(self, lease: Lease) -> bool:
        """Remove a resource that is as desired; return whether it stays due because it was marked meanwhile."""
        if await self._run("finish", resource_id=lease.resource_id, generation=lease.generation):
            return False
        await self.release(lease, 0)
        return True

    async def release(self, lease: Lease, after_s: float) -> None:
        """Release a resource whose next pass is due later."""
        await self._run(
            "release", resource_id=lease.resource_id, generation=lease.generation, after_s=after_s
        )

    async def fail(self, lease: Lease, error: str, jitter: float) -> float:
        """Release a resource whose pass failed, and return its back-off in seconds; jitter in 0..1."""
        backoff = min(_FIRST_BACKOFF_S * 2**lease.attempts, _LONGEST_BACKOFF_S) * (0.8 + 0.4 * jitter)
        await self._run(
            "fail",
            resource_id=lease.resource_id,
            due_at=lease.due_at,
            after_s=backoff,
            error=error[:500],
        )
        return backoff

    async def state(self) -> tuple[int, int]:
        """Return how many resources wait for a pass, and how many of them failed the last one."""
        (row,) = await self._run("state")
        return row["waiting"], row["failing"]

    async def note_orphans(self, count: int) -> None:
        """Store the number of orphans, for the metrics of the API."""
        await self._run("note_orphans", count=str(count))

    async def _run(self, query: str, **values: Any) -> list[DictRow]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(SQL[query], values, prepare=True)
            return await cursor.fetchall() if cursor.description else []


def _lease(row: DictRow) -> Lease:
    return Lease(row["resource_id"], row["kind"], row["generation"], row["attempts"], row["due_at"])
