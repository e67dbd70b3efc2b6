"""The keyed work queue in Postgres: one row per resource that may not be as wanted.

A row is leased while a pass runs, deleted when the pass is done and nothing was marked meanwhile, and keeps its
back-off across restarts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from domain.aggregate import Aggregate
from domain.instance.traffic import watch_scope
from domain.store import Recorded
from domain.values import public_id
from projections.sql import parse

SQL = parse((files("miniaws.runtime") / "work.sql").read_text(encoding="utf-8"))

_LEASE_S = 600
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Lease:
    """One resource to look at."""

    resource_id: UUID
    kind: str
    generation: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was due, and in how many seconds something else is; None for never."""

    leases: list[Lease]
    next_due_s: float | None


async def mark(
    connection: AsyncConnection[DictRow], events: Sequence[Recorded], kinds: Iterable[str]
) -> bool:
    """Mark what events touch, once reads show them; tell whether there was any.

    What people ask for is due at once and ends a back-off. What another manager did is due, but ends none. What the
    resource's own manager reports marks nothing: the pass that reported it looks again before it ends. Who watches a
    resource is woken by everything that happens to it.
    """
    urgency: dict[UUID, tuple[str, bool]] = {}
    for event in events:
        kind = event.type.partition(".")[0]
        if kind in kinds and event.actor != manager_of(kind):
            _, urgent = urgency.get(event.resource_id, (kind, False))
            urgency[event.resource_id] = (kind, urgent or not event.actor.startswith("system:"))
    changed = {event.resource_id: event.type.partition(".")[0] for event in events}
    scopes = [watch_scope(public_id(Aggregate.kinds[kind].PREFIX, id_)) for id_, kind in changed.items()]
    # One statement for all of them: a round trip each would be most of what a batch costs.
    cursor = await connection.execute(SQL["mark"], _marks(urgency, scopes), prepare=True)
    return cursor.rowcount > 0


def _marks(urgency: Mapping[UUID, tuple[str, bool]], scopes: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "resource_ids": list(urgency),
        "kinds": [kind for kind, _ in urgency.values()],
        "urgent": [id_ for id_, (_, urgent) in urgency.items() if urgent],
        "quiet": [id_ for id_, (_, urgent) in urgency.items() if not urgent],
        "scopes": list(scopes),
    }


def manager_of(kind: str) -> str:
    """Return as whom the process manager of a kind acts."""
    return f"system:{kind.replace('_', '-')}-manager"


class WorkQueue:
    """Takes and gives back work; only the active controller does."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> None:
        self._pool = pool

    async def free(self) -> None:
        """Give back what the controller before us had taken."""
        await self._run("free")

    async def take(self, limit: int) -> Taken:
        """Take what is due, the longest waiting first."""
        rows = await self._run("take", limit=limit, lease_s=_LEASE_S)
        next_due_s = rows[0]["next_due_s"]
        return Taken([_lease(row) for row in rows if row["resource_id"] is not None], next_due_s)

    async def wake(self, resource_id: UUID, kind: str) -> None:
        """Mark one resource as due at once."""
        await self._run("mark", **_marks({resource_id: (kind, True)}))

    async def wake_living(self, kinds: list[str], *, hurry: bool) -> None:
        """Mark every living resource of these kinds; in a hurry, also those that back off."""
        await self._run("hurry_living" if hurry else "mark_living", kinds=kinds)

    async def finish(self, lease: Lease) -> bool:
        """Give back what is as wanted; tell whether it stays due because it was marked meanwhile."""
        if await self._run("finish", resource_id=lease.resource_id, generation=lease.generation):
            return False
        await self.again(lease, 0)
        return True

    async def again(self, lease: Lease, after_s: float) -> None:
        """Give back what should be looked at later."""
        await self._run(
            "release", resource_id=lease.resource_id, generation=lease.generation, after_s=after_s
        )

    async def fail(self, lease: Lease, error: str, jitter: float) -> float:
        """Give back what could not be brought in line and return after how many seconds it is due; jitter in 0..1."""
        backoff = min(_FIRST_BACKOFF_S * 2**lease.attempts, _LONGEST_BACKOFF_S) * (0.8 + 0.4 * jitter)
        await self._run(
            "fail",
            resource_id=lease.resource_id,
            lease_s=_LEASE_S,
            after_s=backoff,
            error=error[:500],
        )
        return backoff

    async def state(self) -> tuple[int, int]:
        """Return how many resources wait for a pass, and how many of them failed the last one."""
        (row,) = await self._run("state")
        return row["waiting"], row["failing"]

    async def note_orphans(self, count: int) -> None:
        """Keep how many orphans there are, for the API's figures."""
        await self._run("note_orphans", count=str(count))

    async def _run(self, query: str, **values: Any) -> list[DictRow]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(SQL[query], values, prepare=True)
            return await cursor.fetchall() if cursor.description else []


def _lease(row: DictRow) -> Lease:
    return Lease(row["resource_id"], row["kind"], row["generation"], row["attempts"])
