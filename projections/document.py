"""The one shape of every resource's document, and how events change it.

A document is JSON: ``id, kind, name, status, status_reason, account_id, tags, version, position, created_at,
updated_at, created_by, spec`` (what was asked) and ``observed`` (what is). A capability registers a pure function
per event with ``on``; the function changes a fresh copy, and must replace nested values, never edit them.
"""

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any
from uuid import UUID

from domain.aggregate import Aggregate
from domain.managed import Managed
from domain.store import Recorded
from domain.values import public_id

Document = dict[str, Any]
Change = Callable[[Document, dict[str, Any]], None]

_changes: dict[str, Change] = {}
_ENDED = {"terminated", "deleted", "revoked"}
_LIFE = {"became_available": "available", "delete_requested": "deleting", "deleted": "deleted"}


def on(event_type: str) -> Callable[[Change], Change]:
    """Register what an event does to its resource's document."""

    def register(change: Change) -> Change:
        _changes[event_type] = change
        return change

    return register


def also(event_type: str) -> Callable[[Change], Change]:
    """Register what an event does to its resource's document besides what was registered before."""

    def register(change: Change) -> Change:
        before = _changes[event_type]

        def both(document: Document, event: dict[str, Any]) -> None:
            before(document, event)
            change(document, event)

        _changes[event_type] = both
        return change

    return register


def statuses(kind: type[Aggregate], table: dict[str, str]) -> None:
    """Register the events of a kind that only set a status; a ``reason`` in the event becomes its reason.

    Adds what every kind has, and the life of what is created and deleted.
    """
    life = _LIFE if issubclass(kind, Managed) else {}
    for name, status in {"failed": "error", **life, **table}.items():
        on(f"{kind.KIND}.{name}")(_sets(status))
    on(f"{kind.KIND}.tags_changed")(_sets_tags)


def handled() -> set[str]:
    """Return the types of events that change documents."""
    return set(_changes)


def fold(document: Document | None, event: Recorded) -> Document:
    """Return the document after an event; without a document, the first one of the resource."""
    changed = _first(event) if document is None else document.copy()
    change = _changes.get(event.type)
    if change is not None:
        change(changed, event.payload)
    changed["version"] = event.version
    changed["position"] = event.position
    changed["updated_at"] = event.recorded_at.astimezone(UTC).isoformat()
    return changed


def born(resource_id: UUID, events: Iterable[Recorded]) -> Document | None:
    """Return the document of a resource whose whole life is among these events, None when they begin later."""
    document: Document | None = None
    for event in events:
        if event.resource_id == resource_id:
            if document is None and event.version != 1:
                return None
            document = fold(document, event)
    return document


def has_ended(document: Document) -> bool:
    """Tell whether the resource is gone for good; its history stays."""
    return document["status"] in _ENDED


def resource_id(kind: str, uuid: UUID) -> str:
    """Return the public id of a resource."""
    return public_id(Aggregate.kinds[kind].PREFIX, uuid)


def turn(document: Document, status: str, reason: str | None = None) -> None:
    """Set the status and why."""
    document["status"] = status
    document["status_reason"] = reason


def _sets(status: str) -> Change:
    def change(document: Document, event: dict[str, Any]) -> None:
        turn(document, status, event.get("reason"))

    return change


def _sets_tags(document: Document, event: dict[str, Any]) -> None:
    document["tags"] = event["tags"]


def _first(event: Recorded) -> Document:
    kind = event.type.partition(".")[0]
    return {
        "id": resource_id(kind, event.resource_id),
        "kind": kind,
        "name": event.payload.get("name", ""),
        "status": "pending",
        "status_reason": None,
        "account_id": event.payload.get("account_id", event.account_id),
        "tags": event.payload.get("tags", {}),
        "version": event.version,
        "position": event.position,
        "created_at": event.recorded_at.astimezone(UTC).isoformat(),
        "updated_at": "",
        "created_by": event.actor,
        "spec": {},
        "observed": {},
    }
