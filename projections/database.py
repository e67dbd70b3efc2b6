"""The document of a database."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from domain.database import Database
from domain.database.engines import shm_mb
from domain.status import USABLE
from projections.document import Reference, ResourceDocument, also, on, set_status
from projections.estate import Documents, specified
from projections.interface import stop_showing_address
from projections.metering import metered
from projections.sentences import when
from projections.server import ServerObserved, ServerSpec, server, server_specification

ReplicationState = Literal["copying", "starting", "streaming", "interrupted", "promoting", "unknown"]
# ``class`` is a keyword.
_DatabaseClass = TypedDict("_DatabaseClass", {"class": str})


class DatabaseSpec(ServerSpec, _DatabaseClass):
    """The desired state of a database."""

    database: str
    parameters: dict[str, str]
    synchronous: bool
    storage_gb: int | None
    shm_mb: int | None
    """The size of ``/dev/shm``, which follows from the class."""
    restored_from: NotRequired[Reference]
    to: NotRequired[str | None]
    archive: NotRequired[str]
    backup: NotRequired[str]
    replica_of: NotRequired[Reference | None]
    promoted_from: NotRequired[Reference]


class Replication(TypedDict):
    """How a replica follows its source."""

    state: ReplicationState
    copy_took_s: NotRequired[float]


class Promotion(TypedDict):
    """Where a promoted replica left the log of its source; None means unknown."""

    position: str
    last_change_at: str | None
    behind_bytes: int | None


class DatabaseSwap(TypedDict):
    """The database whose place it takes; ``unavailable_s`` is how long clients had no database, once that is known."""

    target: Reference
    unavailable_s: float | None


class DatabaseObserved(ServerObserved):
    """The actual state of a database."""

    server: NotRequired[str]
    pending_restart: NotRequired[list[str]]
    restore_step: NotRequired[str | None]
    restore_reached: NotRequired[str | None]
    restore_took_s: NotRequired[float]
    replication: NotRequired[Replication | None]
    promotion: NotRequired[Promotion]
    replicas: NotRequired[list[Reference]]
    swap: NotRequired[DatabaseSwap]
    replaced_by: NotRequired[str]
    """The id of the database that has taken its place."""


class DatabaseDocument(ResourceDocument):
    """A database."""

    kind: Literal["database"]
    spec: DatabaseSpec
    observed: DatabaseObserved


def used(document: DatabaseDocument) -> dict[str, int]:
    """Return what a database uses while it runs."""
    if document["status"] not in USABLE | {"modifying", "rotating", "promoting"}:
        return {}
    return {"database": 1, "database_mb": document["spec"]["memory_mb"]}


server(
    Database,
    DatabaseDocument,
    {
        "restore_requested": when(
            "to",
            "restore of {source_name} to {to} requested, from backup {backup_id}",
            "restore of {source_name} requested, from backup {backup_id}",
        ),
        "restore_advanced": "restore continues: {step}",
        "restored": when("reached", "restored to {reached} in {took_s} s", "restored in {took_s} s"),
        "backup_awaited": "waiting for its first backup: {reason}",
        "prepared": "ready to use, {server}",
        "replica_requested": "replication of {source_name} requested",
        "copied": "copied from its source in {took_s} s",
        "copy_outdated": "copy outdated: {reason}",
        "replication_interrupted": "replication interrupted: {reason}",
        "promotion_requested": "promotion requested",
        "promoted": when(
            "behind_bytes",
            "promoted at log position {position}, {behind_bytes} bytes behind its source",
            "promoted at log position {position}",
        ),
        "replica_admitted": "replica {replica_name} added",
        "replica_released": "replica {replica_name} removed",
        "replica_dismissed": "replication slot of {replica_id} removed",
        "swap_requested": "in-place restore requested, to take the place of {target_name}",
        "replaced": "replaced by {successor_id}, and renamed to {name}",
        "place_taken": "took over the name {name}",
        "swapped": "in-place restore completed, {unavailable_s} s without a database",
    },
)
metered(Database, used)


@on("database.restore_requested")
def restore_requested(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show from what it is made."""
    spec = document["spec"]
    spec["restored_from"] = {"id": event["source_id"], "name": event["source_name"]}
    spec["to"] = event["to"]
    spec["archive"] = event["archive_id"]
    spec["backup"] = event["backup_id"]
    set_status(document, "restoring")


@on("database.restore_advanced")
def restore_advanced(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show how far it is."""
    document["observed"]["restore_step"] = event["step"]
    set_status(document, "restoring")


@on("database.restored")
def restored(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show up to which change it was restored."""
    document["observed"]["restore_step"] = None
    document["observed"]["restore_reached"] = event["reached"]
    document["observed"]["restore_took_s"] = event["took_s"]
    set_status(document, "starting")


@also("database.create_requested")
@also("database.change_requested")
def shared_memory(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show the size of its ``/dev/shm``, which follows from its class."""
    spec = document["spec"]
    spec["shm_mb"] = shm_mb(spec["engine"], event["memory_mb"])


@on("database.backup_awaited")
def backup_awaited(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show that it can be used but not restored yet, and why its first backup failed, if it did."""
    set_status(document, "backing-up", event["reason"])


@on("database.prepared")
def prepared(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show what runs, and what waits for a restart."""
    document["observed"]["server"] = event["server"]
    document["observed"]["pending_restart"] = event["pending_restart"]


@on("database.replica_requested")
def replica_requested(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show what it follows."""
    document["spec"]["replica_of"] = {"id": event["source_id"], "name": event["source_name"]}
    _replicate(document, "copying")


@on("database.copied")
def copied(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show how long the copy took."""
    document["observed"]["replication"] = {"state": "starting", "copy_took_s": event["took_s"]}
    set_status(document, "starting")


@on("database.copy_outdated")
def copy_outdated(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show that it is copied again, and why."""
    stop_showing_address(document)
    _replicate(document, "copying")
    set_status(document, "creating", event["reason"])


@on("database.replication_interrupted")
def replication_interrupted(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show that it does not follow, and why."""
    _replicate(document, "interrupted")
    set_status(document, "error", event["reason"])


@on("database.promotion_requested")
def promotion_requested(document: DatabaseDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is promoted."""
    _replicate(document, "promoting")
    set_status(document, "promoting")


@on("database.promoted")
def promoted(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show of what it was a replica, and up to where."""
    spec, observed = document["spec"], document["observed"]
    if source := spec.get("replica_of"):
        spec["promoted_from"] = source
    spec["replica_of"] = None
    observed["replication"] = None
    observed["promotion"] = {
        "position": event["position"],
        "last_change_at": event["last_change_at"],
        "behind_bytes": event["behind_bytes"],
    }
    set_status(document, "starting")


@on("database.replica_admitted")
def replica_admitted(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show who follows it."""
    new: Reference = {"id": event["replica_id"], "name": event["replica_name"]}
    _follow(document, [*_followers(document), new])


@on("database.replica_released")
def replica_released(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show who still follows it."""
    _follow(document, [each for each in _followers(document) if each["id"] != event["replica_id"]])


@also("database.became_available")
def follows(document: DatabaseDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that a replica follows: else it is not available."""
    if document["spec"].get("replica_of"):
        _replicate(document, "streaming")


@also("database.stop_requested")
@also("database.crashed")
@also("database.failed")
def is_unknown(document: DatabaseDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that nobody can tell whether a replica follows."""
    if document["spec"].get("replica_of"):
        _replicate(document, "unknown")


def _replicate(document: DatabaseDocument, state: ReplicationState) -> None:
    known = document["observed"].get("replication")
    document["observed"]["replication"] = {**known, "state": state} if known else {"state": state}


def _followers(document: DatabaseDocument) -> list[Reference]:
    return document["observed"].get("replicas", [])


def _follow(document: DatabaseDocument, replicas: list[Reference]) -> None:
    document["observed"]["replicas"] = replicas


@specified("database")
def specification(document: DatabaseDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the database, empty; of a replica, what makes it follow its source."""
    spec = document["spec"]
    source = spec.get("replica_of")
    return {
        **server_specification(spec, among),
        "class": spec["class"],
        "database": spec["database"],
        "user": spec["username"],
        "parameters": spec["parameters"],
        "storage_gb": spec["storage_gb"],
        "backup": _backup(document, among),
        "replica_of": among.name(source) if source else None,
    }


def _backup(document: DatabaseDocument, among: Documents) -> dict[str, Any]:
    backup: dict[str, Any] = {"synchronous": document["spec"]["synchronous"]}
    if archive := among.archive(document["id"]):
        policy = archive["spec"]
        for name in ("schedule", "window_minutes", "retention_days", "retention_count", "drill_schedule"):
            backup[name] = policy[name]
    return backup


@on("database.swap_requested")
def swap_requested(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show whose place it will take."""
    target: Reference = {"id": event["target_id"], "name": event["target_name"]}
    document["observed"]["swap"] = {"target": target, "unavailable_s": None}


@on("database.replaced")
def replaced(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show that it is moved to the trash under another name, and who has its place."""
    document["name"] = event["name"]
    document["purges_at"] = event["purges_at"]
    document["spec"]["publish"] = None
    document["observed"]["replaced_by"] = event["successor_id"]
    set_status(document, "deleting")


@on("database.place_taken")
def place_taken(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show its new name and host port."""
    document["name"] = event["name"]
    document["spec"]["publish"] = event["publish"]
    set_status(document, "modifying")


@on("database.swapped")
def swapped(document: DatabaseDocument, event: dict[str, Any]) -> None:
    """Show how long there was no database."""
    swap = document["observed"].get("swap")
    if swap is not None:
        document["observed"]["swap"] = {**swap, "unavailable_s": event["unavailable_s"]}
