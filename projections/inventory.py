"""Every version of every resource: written in the order of the log, read at any position of it.

``resources`` has a row per resource with the positions between which it lived, ``versions`` its document after each
event. Both only grow, so *as of P* is the newest version at or before P, at the same cost whether P is now or long
ago. Lives in the schema ``read_model``; ``projections/rebuild.py`` builds another beside it and switches.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from domain.store import Recorded
from projections import (
    access_key,
    archive,
    cache,
    database,
    instance,
    load_balancer,
    orphan,
    queue,
    scaling_group,
    snapshot,
    volume,
    vpc,
)
from projections.document import Document, fold, has_ended
from projections.listing import Page, Query, listing
from projections.sql import queries

SQL = queries("inventory")
SCHEMA = "read_model"
SHAPE = 13
"""Raised when documents change their shape; the controller then rebuilds at its start."""

CAPABILITIES = (
    access_key,
    archive,
    cache,
    database,
    instance,
    load_balancer,
    orphan,
    queue,
    scaling_group,
    snapshot,
    volume,
    vpc,
)
"""Imported so that every kind's changes are registered before the first fold."""

_CACHED = 20_000


class PositionMoved(Exception):
    """Another projector moved the position: this one must stop."""


class InventoryProjection:
    """Folds events into versions. One at a time: the position is compared and set."""

    def __init__(self) -> None:
        self._latest: OrderedDict[UUID, Document] = OrderedDict()
        self._model: int | None = None
        """Which read model the documents are of: a renewed one has tables of its own."""

    async def project(
        self, connection: psycopg.AsyncConnection[DictRow], before: int, events: Sequence[Recorded]
    ) -> None:
        """Write what a batch of events changes, move the position and tell who waits for it: all of it or nothing.

        Raises PositionMoved when the position is not the one before the batch.
        """
        while not await self._write(connection, before, events):
            # Either somebody else projects, or the read model was renewed, or this is the first batch. What was
            # folded on another read model says nothing of this one.
            cursor = await connection.execute(SQL["model"])
            found = await cursor.fetchone()
            self._latest.clear()
            if found is None or found["position"] != before:
                raise PositionMoved
            self._model = found["model"]

    async def _write(
        self, connection: psycopg.AsyncConnection[DictRow], before: int, events: Sequence[Recorded]
    ) -> bool:
        if self._model is None:
            return False
        await self._load_latest(connection, events)
        # One statement for all of them: a round trip each would be most of what a batch costs.
        values = {"before": before, "after": events[-1].position, "model": self._model, **self._fold(events)}
        cursor = await connection.execute(SQL["write"], values, prepare=True)
        while len(self._latest) > _CACHED:
            self._latest.popitem(last=False)
        return await cursor.fetchone() is not None

    def _fold(self, events: Sequence[Recorded]) -> dict[str, Any]:
        born: dict[UUID, dict[str, Any]] = {}
        gone: dict[UUID, int] = {}
        versions: list[dict[str, Any]] = []
        for event in events:
            id_, known = event.resource_id, self._latest.get(event.resource_id)
            document = self._latest[id_] = fold(known, event)
            versions.append({"resource_id": id_, "position": event.position, "document": document})
            if known is None:
                born[id_] = resource_row(id_, document)
            elif has_ended(document) and not has_ended(known):
                gone.setdefault(id_, event.position)
        for id_ in born.keys() & gone.keys():
            born[id_]["ended_position"] = gone.pop(id_)
        return {
            "born": orjson.dumps(list(born.values())).decode(),
            "gone": list(gone),
            "gone_at": list(gone.values()),
            "versions": orjson.dumps(versions).decode(),
        }

    def forget(self) -> None:
        """Drop what was folded; after a write that failed."""
        self._latest.clear()

    async def _load_latest(
        self, connection: psycopg.AsyncConnection[DictRow], events: Sequence[Recorded]
    ) -> None:
        new = {event.resource_id for event in events if event.version == 1}
        missing = {event.resource_id for event in events} - new - self._latest.keys()
        if missing:
            cursor = await connection.execute(SQL["latest"], (list(missing),), prepare=True)
            async for row in cursor:
                self._latest[row["resource_id"]] = row["document"]


def resource_row(resource_id: UUID, first: Document) -> dict[str, Any]:
    """Return the row of ``resources`` for a first document."""
    return {
        "resource_id": resource_id,
        "kind": first["kind"],
        "account_id": first["account_id"],
        "name": first["name"],
        "created_position": first["position"],
        "ended_position": first["position"] if has_ended(first) else None,
    }


@dataclass(frozen=True, slots=True)
class State:
    """How far behind the log reads and process managers are."""

    lag_events: int
    lag_s: float
    work_waiting: int
    work_failing: int
    orphans: int


class Inventory:
    """Answers what the cloud looks like, now or then."""

    def __init__(
        self, conninfo: str, *, pool_size: int = 4, begins: int = 0, ends_at: datetime | None = None
    ) -> None:
        self.begins = begins
        """What was before this position is not known in whole."""
        self._ends_at = ends_at
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=pool_size,
            open=False,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "options": f"-c search_path={SCHEMA},public",
            },
        )

    async def open(self) -> None:
        """Connect."""
        await self._pool.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    async def position(self) -> int:
        """Return the position up to which events have been folded."""
        return (await self._rows("position"))[0]["position"]

    async def state(self) -> State:
        """Return how far behind the log reads and process managers are."""
        (row,) = await self._rows("state")
        return State(**row)

    async def at_instant(self, instant: datetime) -> tuple[int, bool]:
        """Return the position that was the newest at an instant, and whether the instant lies in the future."""
        (row,) = await self._rows("instant", instant=instant, ends_at=self._ends_at)
        if row["recent"] and not row["future"]:
            # What is being appended may bear an earlier instant: the answer must be the same for ever after.
            await self._rows("appended")
            (row,) = await self._rows("instant", instant=instant, ends_at=self._ends_at)
        return row["position"], bool(row["future"])

    async def now(self) -> datetime:
        """Return the time of the database, by which events are stamped."""
        return self._ends_at or (await self._rows("clock"))[0]["now"]

    async def recorded_at(self, position: int) -> datetime | None:
        """Return when the newest event at or before a position was recorded."""
        rows = await self._rows("recorded_at", position=position)
        return rows[0]["recorded_at"] if rows else None

    async def one(self, resource_id: UUID, account: str | None, at: int) -> bytes | None:
        """Return a resource's document at a position, as JSON, or None."""
        rows = await self._rows("one", resource_id=resource_id, account=account, at=at)
        return rows[0]["document"].encode() if rows else None

    async def named(self, account: str, kind: str, name: str, at: int) -> UUID | None:
        """Return the resource that has a name at a position, or had it last."""
        rows = await self._rows("named", account=account, kind=kind, name=name, at=at)
        return rows[0]["resource_id"] if rows else None

    async def bearing(self, account: str | None, kinds: Sequence[str], name: str, at: int) -> dict[str, UUID]:
        """Return the resource of each kind that bears a name at a position; when none lives, those that had it last."""
        rows = await self._rows("bearing", account=account, kinds=list(kinds), name=name, at=at)
        living = [row for row in rows if row["lives"]]
        return {row["kind"]: row["resource_id"] for row in living or rows}

    async def page(self, query: Query) -> Page:
        """Return one page of documents, by name."""
        after_name, after_id = query.after or (None, None)
        rows = await self.rows(
            listing(query),
            at=query.at,
            account=query.account,
            kind=query.kind,
            name=query.name,
            status=query.status,
            tags=orjson.dumps(query.tags).decode() if query.tags else None,
            after_name=after_name,
            after_id=after_id,
            limit=query.limit + 1,
        )
        shown = rows[: query.limit]
        more = (shown[-1]["name"], shown[-1]["resource_id"]) if len(rows) > query.limit else None
        return Page([row["document"].encode() for row in shown], more)

    async def history(self, resource_id: UUID, at: int) -> list[bytes]:
        """Return every version of a resource up to a position, oldest first, as JSON."""
        rows = await self._rows("history", resource_id=resource_id, at=at)
        return [row["document"].encode() for row in rows]

    async def differing(
        self,
        before: int,
        after: int,
        account: str | None,
        *,
        kind: str | None = None,
        resource: UUID | None = None,
    ) -> list[tuple[Document | None, Document | None]]:
        """Return what changed between two positions, each resource as it was and as it became.

        None stands for a resource that did not live. What ended in between is found here, not what also began in
        between.
        """
        values = {"from": before, "to": after, "account": account, "kind": kind, "resource": resource}
        rows = await self.rows(SQL["differing"], **values)
        pairs = [(_parsed(row["before"]), _parsed(row["after"])) for row in rows]
        return [pair for pair in pairs if pair != (None, None)]

    async def _rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return await self.rows(SQL[query], **values)

    async def rows(self, query: LiteralString, **values: Any) -> list[dict[str, Any]]:
        """Return what a query of another projection finds, on the same connections; one plan for all values."""
        return await self._fetch(query, values, prepare=True)

    async def rows_planned(self, query: LiteralString, **values: Any) -> list[dict[str, Any]]:
        """As ``rows``, with a plan for these very values."""
        return await self._fetch(query, values, prepare=False)

    async def _fetch(
        self, query: LiteralString, values: dict[str, Any], *, prepare: bool
    ) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, values, prepare=prepare)
            return await cursor.fetchall()


def _parsed(document: str | None) -> Document | None:
    return orjson.loads(document) if document else None
