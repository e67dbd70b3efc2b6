"""The document of an archive."""

from typing import Any

from domain.archive import Archive
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

statuses(Archive, {"backup_missed": "error", "drill_failed": "error"})
sentences(
    Archive,
    {
        "create_requested": "asked for",
        "policy_changed": "asked to keep backups otherwise: {policy}",
        "backup_requested": "asked to make the {why} backup {backup_id}",
        "backup_completed": "has the backup {backup_id} of {size_bytes} bytes",
        "backup_failed": "could not make the backup {backup_id}: {reason}",
        "backup_missed": "is late: {reason}",
        "drill_passed": "had the backup {backup_id} restored for a trial in {took_s} s",
        "drill_failed": "could not have the backup {backup_id} restored for a trial: {reason}",
        "backup_dropped": "dropped the backup {backup_id}",
        "released": "is to be kept without its database: {keep}",
        "closed": "is kept until {expires_at}",
    },
)


def used(document: Document) -> dict[str, int]:
    """Return what an archive uses: its base backups."""
    if document["status"] in {"creating", "deleted"}:
        return {}
    size = sum(each["size_bytes"] for each in document["observed"]["backups"] if each["status"] != "creating")
    return {"archive": 1, "archive_mb": -(-size // 1_000_000)}


metered(Archive, used)


@on("archive.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show an archive that was asked for."""
    document["spec"] = {
        "database": {"id": event["database_id"], "name": event["name"]},
        "engine": event["engine"],
        "version": event["version"],
        **event["policy"],
    }
    document["observed"] = {"backups": [], "expires_at": None, "ranges": None}
    turn(document, "creating")


@on("archive.policy_changed")
def policy_changed(document: Document, event: dict[str, Any]) -> None:
    """Show the policy."""
    document["spec"] = {**document["spec"], **event["policy"]}


@on("archive.backup_requested")
def backup_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a backup that is being made."""
    begun = {
        "id": event["backup_id"],
        "why": event["why"],
        "status": "creating",
        "status_reason": None,
        "requested_at": event["requested_at"],
        "began_at": None,
        "ended_at": None,
        "size_bytes": 0,
        "checksum": None,
        "verified_at": None,
        "rto_s": None,
    }
    _observe(document, backups=[*document["observed"]["backups"], begun])


@on("archive.backup_completed")
def backup_completed(document: Document, event: dict[str, Any]) -> None:
    """Show a backup that is complete."""
    told = {name: event[name] for name in ("began_at", "ended_at", "size_bytes", "checksum")}
    _change(document, event["backup_id"], status="available", **told)
    if document["status"] == "error":
        turn(document, "available")


@on("archive.backup_failed")
def backup_failed(document: Document, event: dict[str, Any]) -> None:
    """Show that a backup was not made."""
    _observe(document, backups=[e for e in document["observed"]["backups"] if e["id"] != event["backup_id"]])
    turn(document, "error", event["reason"])


@on("archive.drill_passed")
def drill_passed(document: Document, event: dict[str, Any]) -> None:
    """Show when a backup was restored for a trial, and how long that took."""
    _change(document, event["backup_id"], verified_at=event["verified_at"], rto_s=event["took_s"])


@on("archive.drill_failed")
def drill_failed(document: Document, event: dict[str, Any]) -> None:
    """Show that a backup cannot be restored."""
    _change(document, event["backup_id"], status="error", status_reason=event["reason"])
    turn(document, "error", event["reason"])


@on("archive.backup_dropped")
def backup_dropped(document: Document, event: dict[str, Any]) -> None:
    """Show the backups that are left."""
    _observe(document, backups=[e for e in document["observed"]["backups"] if e["id"] != event["backup_id"]])


@on("archive.closed")
def closed(document: Document, event: dict[str, Any]) -> None:
    """Show until when it is kept."""
    complete = [each for each in document["observed"]["backups"] if each["status"] != "creating"]
    _observe(document, expires_at=event["expires_at"], ranges=event["window"], backups=complete)
    turn(document, "available")


def _change(document: Document, backup_id: str, **values: Any) -> None:
    changed = [
        {**each, **values} if each["id"] == backup_id else each for each in document["observed"]["backups"]
    ]
    _observe(document, backups=changed)


def _observe(document: Document, **values: Any) -> None:
    document["observed"] = {**document["observed"], **values}
