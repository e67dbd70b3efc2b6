"""The timeline: every event with who, what, on which resource, why and when. The log itself is the read model."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import orjson
from typing_extensions import TypedDict

from domain.aggregate import Aggregate, upcast
from domain.store import Recorded
from domain.values import is_part_name, parse_id
from projections.document import resource_id
from projections.inventory import Inventory
from projections.sentences import describe
from projections.sql import queries

_SQL = queries("activity")
_END = 2**62
_LONGEST_CHAIN = 1000
_REMEMBERED = 50_000
_CONDITIONS = ("account", "resource", "kind", "type", "actor", "correlation", "text")
"""What a timeline may be narrowed by, each a field of Filter and a condition in the SQL."""
_VALUES = (*_CONDITIONS, "after", "before", "limit")
HIDDEN = {"access_key.issued": {"hash"}, "access_key.secret_replaced": {"hash"}}
"""Fields that serve the store and tell a reader nothing."""
_INNER = {"timestamp", "class_version"}
FAILURE = re.compile(r"failed|crashed|lost|unhealthy|missed|damaged")
"""Of the type of an event: something went wrong."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events. ``after`` and ``before`` are positions, both exclusive; ``account`` None means every account."""

    account: str | None
    after: int = 0
    before: int = _END
    resource: UUID | None = None
    kind: str | None = None
    type: str | None = None
    actor: str | None = None
    correlation: str | None = None
    text: str | None = None
    newest_first: bool = True
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A bucket of a time range: the number of events, and of failures."""

    starts_at: datetime
    after: int
    """The position of the newest event before it."""
    count: int
    failures: int


class CloudEvent(TypedDict):
    """An event as CloudEvents 1.0; members that are not in that standard are extension attributes."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: dict[str, Any]
    """The fields of the event: see ``docs/events.md``."""
    position: int
    resourcekind: str
    resourcename: str
    ispart: bool
    """Whether the resource was created as a part of another one, such as the volume of a queue."""
    resourceversion: int
    accountid: str
    actor: str
    actorname: str
    sourceip: str | None
    requestid: str | None
    correlationid: str | None
    causationid: int | None
    summary: str


class Activity:
    """Answers what happened, and why."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory
        self._names: dict[UUID, str] = {}

    async def timeline(self, wanted: Filter) -> list[CloudEvent]:
        """Return events as CloudEvents, newest or oldest first."""
        # Only the conditions that are wished for: a plan for all of them at once would use no index.
        conditions = _SQL["between"]
        for name in _CONDITIONS:
            if getattr(wanted, name) is not None:
                conditions += " AND " + _SQL[name]
        order = _SQL["newest_first" if wanted.newest_first else "oldest_first"]
        # Nor would a plan for all values: a rare type wants another one than a frequent one.
        query = _SQL["events"] + " " + conditions + " " + order
        return await self.cloud_events(
            [recorded(row) for row in await self._reads.rows_planned(query, **_values(wanted))]
        )

    async def density(
        self, account: str | None, after: int, to: int, buckets: int
    ) -> tuple[list[Part], datetime | None]:
        """Return equal parts of the time from the first event after a position to the last one at another.

        The instant is that of the last event; without any event there is no part.
        """
        conditions = "e.notification_id > %(after)s AND e.notification_id <= %(to)s"
        if account is not None:
            conditions += " AND " + _SQL["account"]
        query = _SQL["density"].format(conditions=conditions)
        failures = [name for name in Aggregate.events if FAILURE.search(name)]
        values = {"account": account, "after": after, "to": to, "buckets": buckets, "failures": failures}
        rows = await self._reads.rows_planned(query, **values)
        parts = [Part(row["starts_at"], row["after"], row["count"], row["failures"]) for row in rows]
        return parts, rows[0]["last"] if rows else None

    async def chain(self, resource: UUID, at: int) -> list[CloudEvent]:
        """Return what led to the state of a resource at a position, newest first.

        These are the events that turned its status, back to a person's request, then how it came to be. Where an
        event of another resource led to one of them, that resource's chain follows.
        """
        found: dict[int, Recorded] = {}
        waiting = [(resource, at)]
        while waiting and len(found) < _LONGEST_CHAIN:
            about, until = waiting.pop()
            turns = await self._turns(about, until)
            causes = [turn.causation for turn in turns if turn.causation and turn.position not in found]
            found.update({turn.position: turn for turn in turns})
            elsewhere = await self._events(_SQL["of_others"], positions=causes, resource=about)
            waiting += [(cause.resource_id, cause.position) for cause in elsewhere]
        return await self.cloud_events(sorted(found.values(), key=lambda event: -event.position))

    async def cloud_events(self, events: Sequence[Recorded]) -> list[CloudEvent]:
        """Return events as CloudEvents, with the names of resources and keys."""
        ids = {event.resource_id for event in events}
        ids |= {parsed[1] for event in events if (parsed := parse_id(event.actor)) is not None}
        names = await self._named(ids)
        return [cloud_event(event, names) for event in events]

    async def _turns(self, resource: UUID, at: int) -> list[Recorded]:
        """Return the events that turned a resource's status, newest first, back to a person's, and its first."""
        rows = await self._reads.rows(_SQL["turns"], resource=resource, at=at, limit=_LONGEST_CHAIN)
        found: list[Recorded] = []
        states = [(row.pop("status"), row.pop("reason")) for row in rows]
        for row, state, before in zip(rows, states, [*states[1:], None], strict=False):
            if state != before:
                found.append(recorded(row))
                if not row["actor"].startswith("system:"):
                    break
        if found and found[-1].version > 1:
            found += await self._events(_SQL["first_of"], resource=resource)
        return found

    async def _events(self, conditions: LiteralString, **values: Any) -> list[Recorded]:
        return [recorded(row) for row in await self._reads.rows(_SQL["events"] + " " + conditions, **values)]

    async def _named(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Return the names of resources, which never change: from their first events, so that no read lags behind."""
        names = {id_: self._names[id_] for id_ in ids if id_ in self._names}
        unknown = [id_ for id_ in ids if id_ not in names]
        if unknown:
            rows = await self._reads.rows(_SQL["names"], ids=unknown)
            names |= {row["resource_id"]: row["name"] for row in rows if row["name"]}
            if len(self._names) > _REMEMBERED:
                self._names.clear()
            self._names |= names
        return names


def cloud_event(event: Recorded, names: dict[UUID, str]) -> CloudEvent:
    """Return an event as CloudEvents 1.0 JSON; what is not of that standard is an extension attribute."""
    kind = event.type.partition(".")[0]
    hidden = _INNER | HIDDEN.get(event.type, set())
    actor = parse_id(event.actor)
    name = names.get(event.resource_id) or event.payload.get("name", "")
    return {
        "specversion": "1.0",
        "id": str(event.position),
        "source": "/miniaws",
        "type": event.type,
        "subject": resource_id(kind, event.resource_id),
        "time": event.recorded_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {key: value for key, value in event.payload.items() if key not in hidden},
        "position": event.position,
        "resourcekind": kind,
        "resourcename": name,
        "ispart": is_part_name(name),
        "resourceversion": event.version,
        "accountid": event.account_id,
        "actor": event.actor,
        "actorname": names.get(actor[1], event.actor) if actor else event.actor.removeprefix("system:"),
        "sourceip": event.source_ip,
        "requestid": event.request_id,
        "correlationid": event.correlation_id,
        "causationid": event.causation,
        "summary": f"{name} {describe(event.type, event.payload)}".strip(),
    }


def _values(wanted: Filter) -> dict[str, Any]:
    topics = [name for name in Aggregate.events if name.partition(".")[0] == wanted.kind]
    return {"topics": topics} | {name: getattr(wanted, name) for name in _VALUES}


def recorded(row: dict[str, Any]) -> Recorded:
    """Return a row of the log as an event, its payload in the newest version."""
    row["payload"] = upcast(row["type"], orjson.loads(row["payload"]))
    return Recorded(**row)
