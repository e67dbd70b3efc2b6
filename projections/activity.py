"""The timeline: every event with who, what, on which resource, why and when. The log itself is the read model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.aggregate import upcast
from domain.store import Recorded
from domain.values import parse_id
from projections.document import resource_id
from projections.inventory import Inventory
from projections.sentences import describe
from projections.sql import queries

_SQL = queries("activity")
_END = 2**62
_LONGEST_CHAIN = 200
_HIDDEN = {"access_key.issued": {"hash"}}
"""Fields that serve the store and tell a reader nothing."""
_INNER = {"timestamp", "class_version"}


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


class Activity:
    """Answers what happened, and why."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory
        self._names: dict[UUID, str] = {}

    async def timeline(self, wanted: Filter) -> list[dict[str, Any]]:
        """Return events as CloudEvents, newest or oldest first."""
        order = _SQL["newest_first" if wanted.newest_first else "oldest_first"]
        rows = await self._reads.rows(
            _SQL["timeline"] + " " + order,
            account=wanted.account,
            after=wanted.after,
            before=wanted.before,
            resource=wanted.resource,
            kind=wanted.kind,
            type=wanted.type,
            actor=wanted.actor,
            correlation=wanted.correlation,
            text=wanted.text,
            limit=wanted.limit,
        )
        return await self.told([_recorded(row) for row in rows])

    async def chain(self, resource: UUID, at: int) -> list[dict[str, Any]]:
        """Return what led to the state of a resource at a position: its newest event first, then causes.

        A chain that ends in a later request of a person is followed by how the resource came to be.
        """
        rows = await self._reads.rows(_SQL["newest_of"], resource=resource, at=at)
        if not rows:
            return []
        found = await self._reads.rows(_SQL["chain"], position=rows[0]["position"], limit=_LONGEST_CHAIN)
        if all(row["resource_id"] != resource or row["version"] > 1 for row in found):
            found += await self._reads.rows(_SQL["first_of"], resource=resource)
        return await self.told([_recorded(row) for row in found])

    async def told(self, events: Sequence[Recorded]) -> list[dict[str, Any]]:
        """Return events as CloudEvents, with the names of resources and keys."""
        ids = {event.resource_id for event in events}
        ids |= {parsed[1] for event in events if (parsed := parse_id(event.actor)) is not None}
        await self._learn(ids)
        return [cloud_event(event, self._names) for event in events]

    async def _learn(self, ids: Iterable[UUID]) -> None:
        unknown = [id_ for id_ in ids if id_ not in self._names]
        if unknown:
            rows = await self._reads.rows(_SQL["names"], ids=unknown)
            self._names.update({row["resource_id"]: row["name"] for row in rows})


def cloud_event(event: Recorded, names: dict[UUID, str]) -> dict[str, Any]:
    """Return an event as CloudEvents 1.0 JSON; what is not of that standard is an extension attribute."""
    kind = event.type.partition(".")[0]
    hidden = _INNER | _HIDDEN.get(event.type, set())
    actor = parse_id(event.actor)
    name = names.get(event.resource_id) or event.payload.get("name", "")
    return {
        "specversion": "1.0",
        "id": str(event.position),
        "source": "/miniaws",
        "type": event.type,
        "subject": resource_id(kind, event.resource_id),
        "time": event.recorded_at.isoformat(),
        "datacontenttype": "application/json",
        "data": {key: value for key, value in event.payload.items() if key not in hidden},
        "position": event.position,
        "resourcekind": kind,
        "resourcename": name,
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


def why(chain: Sequence[dict[str, Any]]) -> str:
    """Return the chain of causes as one sentence, from what is now back to a key or a schedule."""
    return "; ".join(_clause(event) for event in chain)


def _clause(event: dict[str, Any]) -> str:
    if event["actor"].startswith("system:"):
        who = f"seen by the {event['actorname'].replace('-', ' ')}" if event["causationid"] else "at set-up"
    else:
        origin = f" from {event['sourceip']}" if event["sourceip"] else ""
        who = f"by key `{event['actorname']}`{origin}"
    return f"{event['summary']} at {event['time'][:19]}Z, {who}"


def _recorded(row: dict[str, Any]) -> Recorded:
    row["payload"] = upcast(row["type"], orjson.loads(row["payload"]))
    return Recorded(**row)
