"""Every version of every resource: written in the order of the log, read at any position of it.

``resources`` has the positions between which a resource lived under a name, with another row for the time that it was
in the trash, and for the time after that. ``versions`` has its document after each event. Both only grow, so *as of P*
is the newest version at or before P, at the same cost whether P is now or long ago. Lives in the schema ``read_model``;
``projections/rebuild.py`` builds another beside it and switches.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

import domain
import projections
from domain.store import Recorded
from projections.document import Document, fold, has_ended, is_trashed, life, types
from projections.listing import Page, Query, listing
from projections.sql import queries

SQL = queries("inventory")
SCHEMA = "read_model"
SHAPE = 22
"""Raised when documents change their shape; the controller then rebuilds at its start."""


def _capabilities() -> tuple[ModuleType, ...]:
    """Import what is named after a module of the domain, and return what has registered a kind of document."""
    names = {each.name for each in iter_modules(domain.__path__)}
    own = sorted(names & {each.name for each in iter_modules(projections.__path__)})
    modules = {name: import_module(f"projections.{name}") for name in own}
    return tuple(module for name, module in modules.items() if name in types())


CAPABILITIES = _capabilities()
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
        """Write the changes of a batch of events, advance the position and notify waiters, in one transaction.

        Raises PositionMoved when the position is not that before the batch.
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
        spans: list[dict[str, Any]] = []
        last: dict[UUID, dict[str, Any]] = {}
        gone: dict[UUID, int] = {}
        versions: list[dict[str, Any]] = []
        for event in events:
            id_, known = event.resource_id, self._latest.get(event.resource_id)
            document = self._latest[id_] = fold(known, event)
            versions.append({"resource_id": id_, "position": event.position, "document": document})
            if known is not None and (has_ended(known) or life(known) == life(document)):
                continue
            if id_ in last:
                end_span(last[id_], event.position)
            elif known is not None:
                gone.setdefault(id_, event.position)
            if (span := begun_span(id_, document, known)) is not None:
                last[id_] = span
                spans.append(span)
        return {
            "born": orjson.dumps(spans).decode(),
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


def begun_span(resource_id: UUID, document: Document, before: Document | None) -> dict[str, Any] | None:
    """Return the row of ``resources`` for what begins with a document: another name, or the trash; None for an end."""
    if before is not None and has_ended(document):
        return None
    return {
        "resource_id": resource_id,
        "kind": document["kind"],
        "account_id": document["account_id"],
        "name": document["name"],
        "created_position": document["position"],
        "ended_position": document["position"] if has_ended(document) else None,
        "is_trashed": is_trashed(document),
    }


def end_span(span: dict[str, Any], position: int) -> None:
    """Record where a row of ``resources`` ends, once."""
    if span["ended_position"] is None:
        span["ended_position"] = position


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
        """Return the position that was the newest at an instant, and whether the instant is in the future."""
        (row,) = await self._rows("instant", instant=instant, ends_at=self._ends_at)
        if row["recent"] and not row["future"]:
            # An append in progress may have an earlier timestamp. Wait for it: the answer must never change.
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

    async def between(self, account: str, kind: str, first: UUID, last: UUID, at: int) -> UUID | None:
        """Return the resource whose id is in a range, by the index of ids; None when none was at the position."""
        rows = await self._rows("between", account=account, kind=kind, first=first, last=last, at=at)
        return rows[0]["resource_id"] if rows else None

    async def bearing(self, account: str | None, kinds: Sequence[str], name: str, at: int) -> dict[str, UUID]:
        """Return the resource of each kind that has a name at a position; if none exists, those that had it last."""
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
            ended_after=query.at if query.ended_after is None else query.ended_after,
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
