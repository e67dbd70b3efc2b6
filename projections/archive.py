"""The document of an archive."""

from typing import Any, Literal, Unpack

from typing_extensions import TypedDict

from domain.archive import Archive
from projections.document import Reference, ResourceDocument, on, set_status, statuses
from projections.metering import metered
from projections.sentences import sentences, when

TimeRange = TypedDict("TimeRange", {"from": str, "to": str})


class Backup(TypedDict):
    """A base backup in an archive."""

    id: str
    why: str
    status: Literal["creating", "available", "error"]
    status_reason: str | None
    requested_at: str
    began_at: str | None
    ended_at: str | None
    size_bytes: int
    checksum: str | None
    verified_at: str | None
    rto_s: float | None
    """How long the newest trial restore took."""


class _Changes(TypedDict, total=False):
    status: Literal["available", "error"]
    status_reason: str
    began_at: str
    ended_at: str
    size_bytes: int
    checksum: str
    verified_at: str
    rto_s: float


class ArchiveSpec(TypedDict):
    """The database and the backup policy of an archive."""

    database: Reference
    engine: str
    version: str
    schedule: str
    window_minutes: int
    retention_days: int
    retention_count: int | None
    drill_schedule: str | None


class ArchiveObserved(TypedDict):
    """The backups of an archive, and what is kept once its database is deleted."""

    backups: list[Backup]
    expires_at: str | None
    ranges: list[TimeRange] | None
    addresses: list[str]
    """Of its containers in the VPC of the database: the one that follows the log, and the one that makes backups."""


class ArchiveDocument(ResourceDocument):
    """The backups and the log of a database."""

    kind: Literal["archive"]
    spec: ArchiveSpec
    observed: ArchiveObserved


statuses(Archive, ArchiveDocument, {"backup_missed": "error", "drill_failed": "error"})
sentences(
    Archive,
    {
        "create_requested": "creation requested",
        "policy_changed": "backup policy changed: {policy}",
        "backup_requested": "backup {backup_id} requested ({why})",
        "backup_completed": "backup {backup_id} completed, {size_bytes} bytes",
        "backup_failed": "backup {backup_id} failed: {reason}",
        "backup_missed": "is behind: {reason}",
        "drill_passed": "test restore of backup {backup_id} succeeded in {took_s} s",
        "drill_failed": "test restore of backup {backup_id} failed: {reason}",
        "backup_dropped": "backup {backup_id} deleted",
        "released": when("keep", "database deleted, backups are kept", "database and backups deleted"),
        "addresses_assigned": "addresses {receiver} and {worker} assigned",
        "closed": "kept until {expires_at}",
        "suspended": "retention suspended, its database is in the trash",
        "resumed": "retention resumed, its database was restored from the trash",
        "renamed": "renamed to {name}, as its database",
    },
)


def used(document: ArchiveDocument) -> dict[str, int]:
    """Return what an archive uses: its base backups."""
    if document["status"] in {"creating", "deleted"}:
        return {}
    size = sum(each["size_bytes"] for each in document["observed"]["backups"] if each["status"] != "creating")
    return {"archive": 1, "archive_mb": -(-size // 1_000_000)}


metered(Archive, used)


@on("archive.create_requested")
def create_requested(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show an archive that was requested."""
    document["spec"] = {
        "database": {"id": event["database_id"], "name": event["name"]},
        "engine": event["engine"],
        "version": event["version"],
        "schedule": event["policy"]["schedule"],
        "window_minutes": event["policy"]["window_minutes"],
        "retention_days": event["policy"]["retention_days"],
        "retention_count": event["policy"]["retention_count"],
        "drill_schedule": event["policy"]["drill_schedule"],
    }
    document["observed"] = {"backups": [], "expires_at": None, "ranges": None, "addresses": []}
    set_status(document, "creating")


@on("archive.addresses_assigned")
def addresses_assigned(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show where its containers are."""
    document["observed"]["addresses"] = [event["receiver"], event["worker"]]


@on("archive.policy_changed")
def policy_changed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show the policy."""
    document["spec"].update(event["policy"])


@on("archive.backup_requested")
def backup_requested(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show a backup that is being made."""
    begun: Backup = {
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
    document["observed"]["backups"] = [*document["observed"]["backups"], begun]


@on("archive.backup_completed")
def backup_completed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show a backup that is complete."""
    _change(
        document,
        event["backup_id"],
        status="available",
        began_at=event["began_at"],
        ended_at=event["ended_at"],
        size_bytes=event["size_bytes"],
        checksum=event["checksum"],
    )
    if document["status"] == "error":
        set_status(document, "available")


@on("archive.backup_failed")
def backup_failed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show that a backup was not made."""
    _drop(document, event["backup_id"])
    set_status(document, "error", event["reason"])


@on("archive.drill_passed")
def drill_passed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show when a backup was restored for a trial, and how long that took."""
    _change(document, event["backup_id"], verified_at=event["verified_at"], rto_s=event["took_s"])


@on("archive.drill_failed")
def drill_failed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show that a backup cannot be restored."""
    _change(document, event["backup_id"], status="error", status_reason=event["reason"])
    set_status(document, "error", event["reason"])


@on("archive.backup_dropped")
def backup_dropped(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show the backups that are left."""
    _drop(document, event["backup_id"])


@on("archive.closed")
def closed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show until when it is kept."""
    complete = [each for each in document["observed"]["backups"] if each["status"] != "creating"]
    document["observed"] = {
        "backups": complete,
        "expires_at": event["expires_at"],
        "ranges": event["window"],
        "addresses": [],
    }
    set_status(document, "available")


def _change(document: ArchiveDocument, backup_id: str, **values: Unpack[_Changes]) -> None:
    backups = document["observed"]["backups"]
    document["observed"]["backups"] = [
        {**each, **values} if each["id"] == backup_id else each for each in backups
    ]


def _drop(document: ArchiveDocument, backup_id: str) -> None:
    left = [each for each in document["observed"]["backups"] if each["id"] != backup_id]
    document["observed"]["backups"] = left


@on("archive.suspended")
def suspended(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show what can be restored while the database is in the trash."""
    document["observed"]["ranges"] = event["window"]
    document["observed"]["addresses"] = []


@on("archive.resumed")
def resumed(document: ArchiveDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that what can be restored changes again."""
    document["observed"]["ranges"] = None


@on("archive.renamed")
def renamed(document: ArchiveDocument, event: dict[str, Any]) -> None:
    """Show the name of its database."""
    document["name"] = event["name"]
    document["spec"]["database"] = {**document["spec"]["database"], "name": event["name"]}
