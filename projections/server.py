"""What the documents of all managed servers share."""

from typing import Any

from domain.server import Server
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

_STATUSES = {
    "start_requested": "starting",
    "stop_requested": "stopping",
    "stopped": "stopped",
    "rotation_requested": "rotating",
}
_SENTENCES = {
    "create_requested": "asked for as {engine} {version} with {memory_mb} MiB",
    "certificate_issued": "given a certificate for {names} until {not_after}",
    "started": "started running",
    "start_requested": "asked to start",
    "stop_requested": "asked to stop",
    "stopped": "stopped",
    "crashed": "ended unasked: {reason}",
    "change_requested": "asked to have {memory_mb} MiB and {cpus} cores: {settings}",
    "protection_changed": "had its protection from deletion set to {deletion_protection}",
    "rotation_requested": "asked to have another password",
    "credentials_rotated": "had its password changed",
}


def server(kind: type[Server], words: dict[str, str]) -> None:
    """Register what every server's events change and say; ``words`` are those of the kind's own events."""
    statuses(kind, _STATUSES)
    sentences(kind, {**_SENTENCES, **words})
    on(f"{kind.KIND}.create_requested")(_create_requested)
    on(f"{kind.KIND}.certificate_issued")(_certificate_issued)
    on(f"{kind.KIND}.started")(_started)
    on(f"{kind.KIND}.stopped")(_stopped)
    on(f"{kind.KIND}.crashed")(_crashed)
    on(f"{kind.KIND}.change_requested")(_change_requested)
    on(f"{kind.KIND}.protection_changed")(_protection_changed)


def _create_requested(document: Document, event: dict[str, Any]) -> None:
    document["spec"] = {
        "engine": event["engine"],
        "version": event["version"],
        "cpus": event["cpus"],
        "memory_mb": event["memory_mb"],
        **event["settings"],
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "publish": event["publish"],
        "volume": event["volume_id"],
        "tls": False,
        "deletion_protection": event["deletion_protection"],
    }
    document["observed"] = {
        "image": event["image"],
        "address": None,
        "port": event["port"],
        "started_at": None,
        "restarts": 0,
    }
    turn(document, "creating")


def _certificate_issued(document: Document, event: dict[str, Any]) -> None:
    document["spec"] = {**document["spec"], "tls": True}
    _observe(document, certificate={"names": event["names"], "not_after": event["not_after"]})


def _started(document: Document, event: dict[str, Any]) -> None:
    _observe(document, address=event["address"], started_at=event["started_at"])


def _stopped(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    _observe(document, address=None)
    turn(document, "stopped")


def _crashed(document: Document, event: dict[str, Any]) -> None:
    _observe(document, address=None, restarts=document["observed"]["restarts"] + 1)
    turn(document, "starting", event["reason"])


def _change_requested(document: Document, event: dict[str, Any]) -> None:
    changed = {"cpus": event["cpus"], "memory_mb": event["memory_mb"], **event["settings"]}
    document["spec"] = {**document["spec"], **changed}
    if document["status"] not in {"stopping", "stopped"}:
        turn(document, "modifying")


def _protection_changed(document: Document, event: dict[str, Any]) -> None:
    document["spec"] = {**document["spec"], "deletion_protection": event["deletion_protection"]}


def _observe(document: Document, **values: Any) -> None:
    document["observed"] = {**document["observed"], **values}
