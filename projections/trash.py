"""How documents show what is moved to the trash, restored and purged, for every kind that is kept there."""

from typing import Any

from domain.aggregate import Aggregate
from projections.document import Change, Document, on, set_status
from projections.sentences import sentences

_SENTENCES = {
    "trashed": "moved to the trash",
    "undeleted": "restored from the trash as {name}",
    "purge_requested": "purge requested: {reason}",
    "purge_failed": "purge failed: {reason}",
}


def trashable(kind: type[Aggregate], delete_requested: str, status: str) -> None:
    """Register the events of a kind that is kept in the trash; its request to delete sets this status."""
    sentences(kind, _SENTENCES)
    on(f"{kind.KIND}.{delete_requested}")(_delete_requested(status))
    on(f"{kind.KIND}.trashed")(_trashed)
    on(f"{kind.KIND}.undeleted")(_undeleted)
    on(f"{kind.KIND}.purge_requested")(_purging)
    on(f"{kind.KIND}.purge_failed")(_purging)


def _delete_requested(status: str) -> Change:
    def change(document: Document, event: dict[str, Any]) -> None:
        set_status(document, status)
        if event["purges_at"] is not None:
            document["purges_at"] = event["purges_at"]

    return change


def _trashed(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    if "address" in document["observed"]:
        document["observed"]["address"] = None
    set_status(document, "trashed")


def _undeleted(document: Document, event: dict[str, Any]) -> None:
    document["name"] = event["name"]
    del document["purges_at"]
    if "publish" in event:
        document["spec"]["publish"] = event["publish"]
    if "vpc_id" in event:
        document["spec"]["vpc"] = {"id": event["vpc_id"], "name": event["vpc_name"]}
    set_status(document, "restoring")


def _purging(document: Document, event: dict[str, Any]) -> None:
    document.pop("purges_at", None)
    set_status(document, "purging", event["reason"])
