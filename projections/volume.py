"""The document of a volume."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from domain.volume import Volume
from projections.document import ResourceDocument, on, set_status, statuses
from projections.estate import Documents, specified
from projections.metering import metered
from projections.sentences import sentences, when
from projections.trash import trashable


class SnapshotPolicy(TypedDict):
    """When snapshots of a volume are taken, and how long they are kept."""

    schedule: str
    retention_days: int
    retention_count: int | None


class RestoredFrom(TypedDict):
    """The snapshot that a volume was restored from."""

    snapshot_id: str
    snapshot_name: str
    volume_id: str


class VolumeSpec(TypedDict):
    """The desired state of a volume."""

    size_gb: int | None
    snapshot_policy: SnapshotPolicy | None
    restored_from: NotRequired[RestoredFrom]


class AttachedTo(TypedDict):
    """The instance that a volume is attached to, and where it is mounted."""

    id: str
    name: str
    path: str


class ScheduledSnapshot(TypedDict):
    """A snapshot that the schedule took."""

    id: str
    name: str
    due_at: str


class MissedSnapshot(TypedDict):
    """How many snapshots of the schedule were missed, up to when, and why."""

    due_at: str
    count: int
    reason: str


class VolumeObserved(TypedDict):
    """The actual state of a volume."""

    attached_to: AttachedTo | None
    snapshots: list[ScheduledSnapshot]
    missed_snapshot: MissedSnapshot | None


class VolumeDocument(ResourceDocument):
    """A volume."""

    kind: Literal["volume"]
    spec: VolumeSpec
    observed: VolumeObserved


statuses(Volume, VolumeDocument, {})
trashable(Volume, "delete_requested", "deleting")
sentences(
    Volume,
    {
        "create_requested": "creation requested",
        "attached": "attached to {instance_name} at {path}",
        "detached": "detached",
        "snapshot_policy_changed": when(
            "policy", "snapshot schedule set: {policy}", "snapshot schedule removed"
        ),
        "snapshot_requested": "scheduled snapshot {snapshot_name} requested",
        "snapshot_missed": "{count} scheduled snapshots missed until {due_at}: {reason}",
        "snapshot_dropped": "scheduled snapshot {snapshot_name} deleted: {reason}",
    },
)


def used(document: VolumeDocument) -> dict[str, int]:
    """Return what a volume uses while its files are there; one without a size counts no gigabytes."""
    if document["status"] not in {"available", "deleting"}:
        return {}
    return {"volume": 1, "volume_gb": document["spec"]["size_gb"] or 0}


metered(Volume, used)


@on("volume.create_requested")
def create_requested(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show a volume that was requested."""
    origin = event["restored_from"]
    document["spec"] = {
        "size_gb": event["size_gb"],
        "snapshot_policy": None,
    }
    if origin:
        document["spec"]["restored_from"] = origin
    document["observed"] = {"attached_to": None, "snapshots": [], "missed_snapshot": None}
    set_status(document, "creating")


@on("volume.attached")
def attached(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show which instance has it."""
    document["observed"]["attached_to"] = {
        "id": event["instance_id"],
        "name": event["instance_name"],
        "path": event["path"],
    }


@on("volume.detached")
def detached(document: VolumeDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that no instance has it."""
    document["observed"]["attached_to"] = None


@on("volume.snapshot_policy_changed")
def snapshot_policy_changed(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show when snapshots are taken; what was missed under another policy does not count."""
    document["spec"]["snapshot_policy"] = event["policy"]
    document["observed"]["missed_snapshot"] = None


@on("volume.snapshot_requested")
def snapshot_requested(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show the newest scheduled snapshot."""
    begun: ScheduledSnapshot = {
        "id": event["snapshot_id"],
        "name": event["snapshot_name"],
        "due_at": event["due_at"],
    }
    document["observed"]["snapshots"] = [*document["observed"]["snapshots"], begun]
    document["observed"]["missed_snapshot"] = None


@on("volume.snapshot_missed")
def snapshot_missed(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show what was missed, until the next one is begun."""
    document["observed"]["missed_snapshot"] = {
        "due_at": event["due_at"],
        "count": event["count"],
        "reason": event["reason"],
    }


@on("volume.snapshot_dropped")
def snapshot_dropped(document: VolumeDocument, event: dict[str, Any]) -> None:
    """Show the remaining scheduled snapshots."""
    kept = [each for each in document["observed"]["snapshots"] if each["id"] != event["snapshot_id"]]
    document["observed"]["snapshots"] = kept


@specified("volume")
def specification(document: VolumeDocument, among: Documents) -> dict[str, Any]:  # noqa: ARG001 - every one has this shape
    """Return what creates the volume, empty."""
    spec = document["spec"]
    return {"size_gb": spec["size_gb"], "snapshot_policy": spec["snapshot_policy"]}
