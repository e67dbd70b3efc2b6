"""The document of an orphan. Nothing of it was requested: all there is was observed."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.orphan import Orphan
from projections.document import Empty, ResourceDocument, on, set_status, statuses
from projections.sentences import sentences


class OrphanObserved(TypedDict):
    """What was found on the engine, the resource it was labelled with, and when it will be removed."""

    thing: str
    resource_kind: str
    resource_id: str
    held_until: str


class OrphanDocument(ResourceDocument):
    """An object on the engine that no resource needs."""

    kind: Literal["orphan"]
    spec: Empty
    observed: OrphanObserved


statuses(Orphan, OrphanDocument, {"removal_failed": "error", "vanished": "deleted"})
sentences(
    Orphan,
    {
        "found": "found on the engine, held until {held_until}: {reason}",
        "removal_requested": "removal requested",
        "removal_failed": "removal failed: {reason}",
        "removed": "removed from the engine",
        "vanished": "no longer an orphan: {reason}",
    },
)


@on("orphan.found")
def found(document: OrphanDocument, event: dict[str, Any]) -> None:
    """Show what was found, whose it seems to be, and until when it stays."""
    document["observed"] = {
        "thing": event["thing"],
        "resource_kind": event["resource_kind"],
        "resource_id": event["resource_id"],
        "held_until": event["held_until"],
    }
    set_status(document, "held", event["reason"])


@on("orphan.removal_requested")
def removal_requested(document: OrphanDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - says all by its name
    """Show that it is being removed, and still why nothing wants it."""
    set_status(document, "deleting", document["status_reason"])


@on("orphan.removed")
def removed(document: OrphanDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is gone."""
    set_status(document, "deleted")
