"""The document of a volume."""

from typing import Any

from domain.volume import Volume
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

statuses(Volume, {})
sentences(
    Volume,
    {
        "create_requested": "asked for",
        "attached": "attached to {instance_name} at {path}",
        "detached": "detached",
    },
)


def used(document: Document) -> dict[str, int]:
    """Return what a volume uses while its files are there; one without a size counts no gigabytes."""
    if document["status"] not in {"available", "deleting"}:
        return {}
    return {"volume": 1, "volume_gb": document["spec"]["size_gb"] or 0}


metered(Volume, used)


@on("volume.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a volume that was asked for."""
    origin = event["restored_from"]
    document["spec"] = {"size_gb": event["size_gb"], **({"restored_from": origin} if origin else {})}
    document["observed"] = {"attached_to": None}
    turn(document, "creating")


@on("volume.attached")
def attached(document: Document, event: dict[str, Any]) -> None:
    """Show which instance has it."""
    to = {"id": event["instance_id"], "name": event["instance_name"], "path": event["path"]}
    document["observed"] = {"attached_to": to}


@on("volume.detached")
def detached(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that no instance has it."""
    document["observed"] = {"attached_to": None}
