"""The document of a snapshot."""

from typing import Any, Literal, Unpack

from typing_extensions import TypedDict

from domain.snapshot import Snapshot
from projections.document import Reference, ResourceDocument, on, set_status, statuses
from projections.metering import metered
from projections.sentences import sentences


class SnapshotVolume(TypedDict):
    """A volume that a snapshot holds."""

    id: str
    name: str
    size_gb: int | None


class SkippedVolume(TypedDict):
    """A volume that a snapshot could not include, and why."""

    id: str
    name: str
    reason: str


class SnapshotSpec(TypedDict):
    """The volumes of a snapshot, and where it is stored."""

    volumes: list[SnapshotVolume]
    all: bool
    skipped: list[SkippedVolume]
    target: str | None
    copied_from: Reference | None


class SnapshotCopy(TypedDict):
    """A copy of a snapshot at another target."""

    id: str
    name: str
    target: str
    state: Literal["creating", "available", "error"]
    reason: str | None
    bytes: int | None
    added_bytes: int | None
    took_ms: int | None


class _CopyChanges(TypedDict, total=False):
    state: Literal["available", "error"]
    reason: str | None
    bytes: int
    added_bytes: int
    took_ms: int


class SnapshotObserved(TypedDict):
    """What a snapshot holds, None until it was taken."""

    taken_at: str | None
    log_position: int | None
    files: int | None
    bytes: int | None
    added_bytes: int | None
    paused: list[str] | None
    pause_ms: int | None
    restore_points: list[dict[str, str]] | None
    verified_at: str | None
    copies: list[SnapshotCopy]


class SnapshotDocument(ResourceDocument):
    """A snapshot."""

    kind: Literal["snapshot"]
    spec: SnapshotSpec
    observed: SnapshotObserved


statuses(Snapshot, SnapshotDocument, {"damaged": "error"})
sentences(
    Snapshot,
    {
        "create_requested": "creation requested",
        "taken": "taken: {files} files, {bytes} bytes, writes paused for {pause_ms} ms",
        "verification_requested": "verification requested",
        "verified": "verified",
        "damaged": "verification failed: {reason}",
        "copy_requested": "copy to {target} requested as {snapshot_name}",
        "copied": "copied to {target} in {took_ms} ms: {bytes} bytes, {added_bytes} of them new",
        "copy_failed": "copy to {target} failed: {reason}",
        "copy_dropped": "copy at {target} deleted",
    },
)


def used(document: SnapshotDocument) -> dict[str, int]:
    """Return what a snapshot uses while its copies are there; only whole gigabytes are counted."""
    added = document["observed"]["added_bytes"]
    if added is None or document["status"] == "deleted":
        return {}
    return {"snapshot": 1, "snapshot_gb": added // 2**30}


metered(Snapshot, used)


@on("snapshot.create_requested")
def create_requested(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show a snapshot that was requested."""
    document["spec"] = {
        "volumes": event["volumes"],
        "all": event["is_of_all"],
        "skipped": event["skipped"],
        "target": event["target"] or None,
        "copied_from": _original(event["copied_from"]),
    }
    document["observed"] = {
        "taken_at": None,
        "log_position": None,
        "files": None,
        "bytes": None,
        "added_bytes": None,
        "paused": None,
        "pause_ms": None,
        "restore_points": None,
        "verified_at": None,
        "copies": [],
    }
    set_status(document, "creating")


@on("snapshot.taken")
def taken(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show what is there, of which moment."""
    observed = document["observed"]
    observed["taken_at"] = event["taken_at"]
    observed["log_position"] = event["log_position"]
    observed["files"] = event["files"]
    observed["bytes"] = event["bytes"]
    observed["added_bytes"] = event["added_bytes"]
    observed["paused"] = event["paused"]
    observed["pause_ms"] = event["pause_ms"]
    observed["restore_points"] = event["restore_points"]
    set_status(document, "available")


@on("snapshot.verification_requested")
def verification_requested(document: SnapshotDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as every change
    """Show that it is not known whether it can be read."""
    document["observed"]["verified_at"] = None


@on("snapshot.verified")
def verified(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show when it was read back."""
    document["observed"]["verified_at"] = event["verified_at"]
    set_status(document, "available")


@on("snapshot.copy_requested")
def copy_requested(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show a copy that was requested."""
    copy: SnapshotCopy = {
        "id": event["snapshot_id"],
        "name": event["snapshot_name"],
        "target": event["target"],
        "state": "creating",
        "reason": None,
        "bytes": None,
        "added_bytes": None,
        "took_ms": None,
    }
    document["observed"]["copies"] = [*document["observed"]["copies"], copy]


@on("snapshot.copied")
def copied(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show a copy that is there, and what it took."""
    _change_copy(
        document,
        event["snapshot_id"],
        state="available",
        reason=None,
        bytes=event["bytes"],
        added_bytes=event["added_bytes"],
        took_ms=event["took_ms"],
    )


@on("snapshot.copy_failed")
def copy_failed(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show why a copy is not there yet."""
    _change_copy(document, event["snapshot_id"], state="error", reason=event["reason"])


@on("snapshot.copy_dropped")
def copy_dropped(document: SnapshotDocument, event: dict[str, Any]) -> None:
    """Show a copy that is gone no longer."""
    copies = document["observed"]["copies"]
    document["observed"]["copies"] = [copy for copy in copies if copy["id"] != event["snapshot_id"]]


def _original(copied_from: dict[str, Any] | None) -> Reference | None:
    if copied_from is None:
        return None
    return {"id": copied_from["snapshot_id"], "name": copied_from["name"]}


def _change_copy(document: SnapshotDocument, copy_id: str, **changes: Unpack[_CopyChanges]) -> None:
    copies = document["observed"]["copies"]
    document["observed"]["copies"] = [
        {**copy, **changes} if copy["id"] == copy_id else copy for copy in copies
    ]
