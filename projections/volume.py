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
        "snapshot_policy_changed": "asked to have snapshots by the clock: {policy}",
        "snapshot_requested": "has the snapshot {snapshot_name} taken, as it was time",
        "snapshot_missed": "missed {count} snapshots by the clock, up to {due_at}: {reason}",
        "snapshot_dropped": "dropped the snapshot {snapshot_name}: {reason}",
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
    document["spec"] = {
        "size_gb": event["size_gb"],
        "snapshot_policy": None,
        **({"restored_from": origin} if origin else {}),
    }
    document["observed"] = {"attached_to": None, "snapshots": [], "missed_snapshot": None}
    turn(document, "creating")


@on("volume.attached")
def attached(document: Document, event: dict[str, Any]) -> None:
    """Show which instance has it."""
    to = {"id": event["instance_id"], "name": event["instance_name"], "path": event["path"]}
    _observe(document, attached_to=to)


@on("volume.detached")
def detached(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that no instance has it."""
    _observe(document, attached_to=None)


@on("volume.snapshot_policy_changed")
def snapshot_policy_changed(document: Document, event: dict[str, Any]) -> None:
    """Show when snapshots are taken; what was missed under another policy does not count."""
    document["spec"] = {**document["spec"], "snapshot_policy": event["policy"]}
    _observe(document, missed_snapshot=None)


@on("volume.snapshot_requested")
def snapshot_requested(document: Document, event: dict[str, Any]) -> None:
    """Show the newest snapshot by the clock."""
    begun = {"id": event["snapshot_id"], "name": event["snapshot_name"], "due_at": event["due_at"]}
    _observe(document, snapshots=[*document["observed"]["snapshots"], begun], missed_snapshot=None)


@on("volume.snapshot_missed")
def snapshot_missed(document: Document, event: dict[str, Any]) -> None:
    """Show what was missed, until the next one is begun."""
    _observe(document, missed_snapshot={name: event[name] for name in ("due_at", "count", "reason")})


@on("volume.snapshot_dropped")
def snapshot_dropped(document: Document, event: dict[str, Any]) -> None:
    """Show the snapshots by the clock that are left."""
    kept = [each for each in document["observed"]["snapshots"] if each["id"] != event["snapshot_id"]]
    _observe(document, snapshots=kept)


def _observe(document: Document, **values: Any) -> None:
    document["observed"] = {**document["observed"], **values}
