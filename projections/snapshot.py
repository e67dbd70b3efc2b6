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
        "copy_requested": "asked to be copied to {target}, as {snapshot_name}",
        "copied": "copied to {target} in {took_ms} ms: {bytes} bytes, of which {added_bytes} were not there",
        "copy_failed": "could not be copied to {target}: {reason}",
        "copy_dropped": "has no copy at {target} any more",
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
    document["spec"] = {
        "volumes": event["volumes"],
        "all": event["is_of_all"],
        "skipped": event["skipped"],
        "target": event["target"] or None,
        "copied_from": _original(event["copied_from"]),
    }
    document["observed"] = {**dict.fromkeys((*_OBSERVED, "verified_at")), "copies": []}
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


@on("snapshot.copy_requested")
def copy_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a copy that was asked for."""
    copy = {"id": event["snapshot_id"], "name": event["snapshot_name"], "target": event["target"]}
    unknown = dict.fromkeys(("reason", "bytes", "added_bytes", "took_ms"))
    _show_copies(document, [*document["observed"]["copies"], {**copy, "state": "creating", **unknown}])


@on("snapshot.copied")
def copied(document: Document, event: dict[str, Any]) -> None:
    """Show a copy that is there, and what it took."""
    told = {name: event[name] for name in ("bytes", "added_bytes", "took_ms")}
    _change_copy(document, event, {"state": "available", "reason": None, **told})


@on("snapshot.copy_failed")
def copy_failed(document: Document, event: dict[str, Any]) -> None:
    """Show why a copy is not there yet."""
    _change_copy(document, event, {"state": "error", "reason": event["reason"]})


@on("snapshot.copy_dropped")
def copy_dropped(document: Document, event: dict[str, Any]) -> None:
    """Show a copy that is gone no longer."""
    copies = document["observed"]["copies"]
    _show_copies(document, [copy for copy in copies if copy["id"] != event["snapshot_id"]])


def _original(copied_from: dict[str, Any] | None) -> dict[str, str] | None:
    if copied_from is None:
        return None
    return {"id": copied_from["snapshot_id"], "name": copied_from["name"]}


def _change_copy(document: Document, event: dict[str, Any], changes: dict[str, Any]) -> None:
    copies = document["observed"]["copies"]
    _show_copies(
        document, [{**copy, **changes} if copy["id"] == event["snapshot_id"] else copy for copy in copies]
    )


def _show_copies(document: Document, copies: list[dict[str, Any]]) -> None:
    document["observed"] = {**document["observed"], "copies": copies}
