"""The document of a snapshot."""

from typing import Any

from domain.snapshot import Snapshot
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

_OBSERVED = (
    *("taken_at", "log_position", "files", "bytes", "added_bytes"),
    *("paused", "pause_ms", "restore_points"),
)

statuses(Snapshot, {"damaged": "error"})
sentences(
    Snapshot,
    {
        "create_requested": "asked for",
        "taken": "taken of {files} files, {bytes} bytes, with a pause of {pause_ms} ms",
        "verification_requested": "asked to be verified",
        "verified": "read back, and as it was written",
        "damaged": "cannot be read: {reason}",
    },
)


def used(document: Document) -> dict[str, int]:
    """Return what a snapshot uses while its copies are there; only whole gigabytes are counted."""
    added = document["observed"]["added_bytes"]
    if added is None or document["status"] == "deleted":
        return {}
    return {"snapshot": 1, "snapshot_gb": added // 2**30}


metered(Snapshot, used)


@on("snapshot.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a snapshot that was asked for."""
    document["spec"] = {"volumes": event["volumes"], "all": event["is_of_all"], "skipped": event["skipped"]}
    document["observed"] = dict.fromkeys((*_OBSERVED, "verified_at"))
    turn(document, "creating")


@on("snapshot.taken")
def taken(document: Document, event: dict[str, Any]) -> None:
    """Show what is there, of which moment."""
    document["observed"] = {**document["observed"], **{name: event[name] for name in _OBSERVED}}
    turn(document, "available")


@on("snapshot.verification_requested")
def verification_requested(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as every change
    """Show that it is not known whether it can be read."""
    document["observed"] = {**document["observed"], "verified_at": None}


@on("snapshot.verified")
def verified(document: Document, event: dict[str, Any]) -> None:
    """Show when it was read back."""
    document["observed"] = {**document["observed"], "verified_at": event["verified_at"]}
    turn(document, "available")
