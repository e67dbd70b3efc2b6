"""The document of an orphan. Nothing of it was asked for: all there is was observed."""

from typing import Any

from domain.orphan import Orphan
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

statuses(Orphan, {"removal_failed": "error", "vanished": "deleted"})
sentences(
    Orphan,
    {
        "found": "found on the engine, held until {held_until}: {reason}",
        "removal_requested": "asked to be removed",
        "removal_failed": "could not be removed: {reason}",
        "removed": "removed from the engine",
        "vanished": "left alone: {reason}",
    },
)


@on("orphan.found")
def found(document: Document, event: dict[str, Any]) -> None:
    """Show what was found, whose it seems to be, and until when it stays."""
    document["observed"] = {
        "thing": event["thing"],
        "resource_kind": event["resource_kind"],
        "resource_id": event["resource_id"],
        "held_until": event["held_until"],
    }
    turn(document, "held", event["reason"])


@on("orphan.removal_requested")
def removal_requested(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - says all by its name
    """Show that it is being removed, and still why nothing wants it."""
    turn(document, "deleting", document["status_reason"])


@on("orphan.removed")
def removed(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is gone."""
    turn(document, "deleted")
