"""The document of a database."""

from typing import Any

from domain.database import Database
from projections.document import Document, also, on, turn
from projections.metering import metered
from projections.server import server


def used(document: Document) -> dict[str, int]:
    """Return what a database uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating", "promoting"}:
        return {}
    return {"database": 1, "database_mb": document["spec"]["memory_mb"]}


server(
    Database,
    {
        "restore_requested": "asked to begin as {source_name} was at {to}, from its backup {backup_id}",
        "restore_advanced": "is being restored: {step}",
        "restored": "restored in {took_s} s; its last change is of {reached}",
        "prepared": "is {server}",
        "replica_requested": "asked to follow {source_name}",
        "copied": "copied from its source in {took_s} s",
        "copy_outdated": "is to be copied anew: {reason}",
        "replication_interrupted": "does not follow its source: {reason}",
        "promotion_requested": "asked to be a database of its own",
        "promoted": "is a database of its own, from {position} of its source's log on; its last change is of "
        "{last_change_at}, bytes of that log that it lacks: {behind_bytes}",
        "replica_admitted": "is followed by {replica_name}",
        "replica_released": "is followed by {replica_name} no more",
        "replica_dismissed": "keeps nothing any more for {replica_id}",
    },
)
metered(Database, used)


@on("database.restore_requested")
def restore_requested(document: Document, event: dict[str, Any]) -> None:
    """Show from what it is made."""
    source = {"id": event["source_id"], "name": event["source_name"]}
    lineage = {
        "restored_from": source,
        "to": event["to"],
        "archive": event["archive_id"],
        "backup": event["backup_id"],
    }
    document["spec"] = {**document["spec"], **lineage}
    turn(document, "restoring")


@on("database.restore_advanced")
def restore_advanced(document: Document, event: dict[str, Any]) -> None:
    """Show how far it is."""
    document["observed"] = {**document["observed"], "restore_step": event["step"]}
    turn(document, "restoring")


@on("database.restored")
def restored(document: Document, event: dict[str, Any]) -> None:
    """Show up to which change it was restored."""
    shown = {"restore_step": None, "restore_reached": event["reached"], "restore_took_s": event["took_s"]}
    document["observed"] = {**document["observed"], **shown}
    turn(document, "starting")


@on("database.prepared")
def prepared(document: Document, event: dict[str, Any]) -> None:
    """Show what runs, and what waits for a restart."""
    shown = {"server": event["server"], "pending_restart": event["pending_restart"]}
    document["observed"] = {**document["observed"], **shown}


@on("database.replica_requested")
def replica_requested(document: Document, event: dict[str, Any]) -> None:
    """Show what it follows."""
    source = {"id": event["source_id"], "name": event["source_name"]}
    document["spec"] = {**document["spec"], "replica_of": source}
    _replicate(document, "copying")


@on("database.copied")
def copied(document: Document, event: dict[str, Any]) -> None:
    """Show how long the copy took."""
    _replicate(document, "starting", copy_took_s=event["took_s"])
    turn(document, "starting")


@on("database.copy_outdated")
def copy_outdated(document: Document, event: dict[str, Any]) -> None:
    """Show that it is copied anew, and why."""
    document["observed"] = {**document["observed"], "address": None}
    _replicate(document, "copying")
    turn(document, "creating", event["reason"])


@on("database.replication_interrupted")
def replication_interrupted(document: Document, event: dict[str, Any]) -> None:
    """Show that it does not follow, and why."""
    _replicate(document, "interrupted")
    turn(document, "error", event["reason"])


@on("database.promotion_requested")
def promotion_requested(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is promoted."""
    _replicate(document, "promoting")
    turn(document, "promoting")


@on("database.promoted")
def promoted(document: Document, event: dict[str, Any]) -> None:
    """Show of what it was a replica, and up to where."""
    spec = dict(document["spec"])
    told = {name: event[name] for name in ("position", "last_change_at", "behind_bytes")}
    document["spec"] = {**spec, "replica_of": None, "promoted_from": spec["replica_of"]}
    document["observed"] = {**document["observed"], "replication": None, "promotion": told}
    turn(document, "starting")


@on("database.replica_admitted")
def replica_admitted(document: Document, event: dict[str, Any]) -> None:
    """Show who follows it."""
    new = {"id": event["replica_id"], "name": event["replica_name"]}
    _follow(document, [*_followers(document), new])


@on("database.replica_released")
def replica_released(document: Document, event: dict[str, Any]) -> None:
    """Show who still follows it."""
    _follow(document, [each for each in _followers(document) if each["id"] != event["replica_id"]])


@also("database.became_available")
def follows(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that a replica follows: else it is not available."""
    if document["spec"].get("replica_of"):
        _replicate(document, "streaming")


@also("database.stop_requested")
@also("database.crashed")
@also("database.failed")
def is_unknown(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that nobody can tell whether a replica follows."""
    if document["spec"].get("replica_of"):
        _replicate(document, "unknown")


def _replicate(document: Document, state: str, **more: Any) -> None:
    known = document["observed"].get("replication") or {}
    document["observed"] = {**document["observed"], "replication": {**known, **more, "state": state}}


def _followers(document: Document) -> list[dict[str, str]]:
    return document["observed"].get("replicas", [])


def _follow(document: Document, replicas: list[dict[str, str]]) -> None:
    document["observed"] = {**document["observed"], "replicas": replicas}
