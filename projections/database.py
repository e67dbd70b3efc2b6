"""The document of a database."""

from typing import Any

from domain.database import Database
from projections.document import Document, on, turn
from projections.metering import metered
from projections.server import server


def used(document: Document) -> dict[str, int]:
    """Return what a database uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"database": 1, "database_mb": document["spec"]["memory_mb"]}


server(
    Database,
    {
        "restore_requested": "asked to begin as {source_name} was at {to}, from its backup {backup_id}",
        "restore_advanced": "is being restored: {step}",
        "restored": "restored in {took_s} s; its last change is of {reached}",
        "prepared": "is {server}",
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
