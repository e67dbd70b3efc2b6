"""The members that all documents share, and how events change documents.

A document is JSON. Each capability declares the type of its documents, with ``spec`` (the desired state) and
``observed`` (the actual state), and registers a pure function per event with ``on``. The function gets a copy of the
document, of ``spec`` and of ``observed``, and assigns to their members; values further inside are replaced, never
edited.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any, NotRequired
from uuid import UUID

from typing_extensions import TypedDict

from domain.aggregate import Aggregate
from domain.managed import Managed
from domain.status import IN_TRASH
from domain.store import Recorded
from domain.values import public_id

Document = dict[str, Any]
"""A document of any kind."""
Change = Callable[[Any, dict[str, Any]], None]
"""Changes a document of its kind according to the payload of an event."""


class Reference(TypedDict):
    """Another resource."""

    id: str
    name: str


class Empty(TypedDict):
    """An object without members."""


class ResourceDocument(TypedDict):
    """A resource at one of its versions. Instants are RFC 3339."""

    id: str
    name: str
    status: str
    status_reason: str | None
    account_id: str
    tags: dict[str, str]
    version: int
    position: int
    """Of the event that led to this version."""
    created_at: str
    updated_at: str
    created_by: str
    """The id of a key, or ``system:<manager>``."""
    purges_at: NotRequired[str]
    """Until when a resource is kept that is deleted; missing for one that is not kept."""


_changes: dict[str, Change] = {}
_types: dict[str, type] = {}
ENDED = frozenset({"terminated", "deleted", "revoked", "applied", "cancelled"})
"""Statuses of what has ended; its history stays."""
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


def statuses(kind: type[Aggregate], document_type: type, table: dict[str, str]) -> None:
    """Register the type of a kind's documents, and its events that only set a status, with their ``reason``.

    Adds the events that every kind has, and the life cycle of what is created and deleted.
    """
    _types[kind.KIND] = document_type
    life = _LIFE if issubclass(kind, Managed) else {}
    for name, status in {"failed": "error", **life, **table}.items():
        on(f"{kind.KIND}.{name}")(_sets(status))
    on(f"{kind.KIND}.tags_changed")(_sets_tags)
    if f"{kind.KIND}.image_awaited" in Aggregate.events:
        on(f"{kind.KIND}.image_awaited")(_awaits_image)


def types() -> Mapping[str, type]:
    """Return the type of the documents of each kind."""
    return _types


def handled() -> set[str]:
    """Return the types of events that change documents."""
    return set(_changes)


def fold(document: Document | None, event: Recorded) -> Document:
    """Return the document after an event; without a document, the first one of the resource."""
    changed = _first(event) if document is None else _copy(document)
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
    """Return whether the resource has ended; its history stays."""
    return document["status"] in ENDED


def is_trashed(document: Document) -> bool:
    """Return whether the resource is in the trash, also while it is purged."""
    return document["status"] in IN_TRASH


def life(document: Document) -> tuple[str, bool, bool]:
    """Return what names a resource and places it in lists: its name, and whether it is in the trash or has ended."""
    return document["name"], is_trashed(document), has_ended(document)


def resource_id(kind: str, uuid: UUID) -> str:
    """Return the public id of a resource; one of a kind that only another version knows is named after its kind."""
    known = Aggregate.kinds.get(kind)
    return public_id(kind if known is None else known.PREFIX, uuid)


def set_status(document: ResourceDocument | Document, status: str, reason: str | None = None) -> None:
    """Set the status and why."""
    document["status"] = status
    document["status_reason"] = reason


def _copy(document: Document) -> Document:
    return {**document, "spec": document["spec"].copy(), "observed": document["observed"].copy()}


def _sets(status: str) -> Change:
    def change(document: Document, event: dict[str, Any]) -> None:
        set_status(document, status, event.get("reason"))

    return change


def _awaits_image(document: Document, event: dict[str, Any]) -> None:
    set_status(document, event["status"], event["reason"])


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
