"""What the documents of all managed servers share."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from domain.server import Server
from domain.status import SETTLING
from projections.document import Document, Reference, ResourceDocument, on, set_status, statuses
from projections.estate import Documents
from projections.interface import (
    InterfaceSpec,
    interface_specification,
    stop_showing_address,
    with_interface,
)
from projections.sentences import Template, sentences, when
from projections.trash import trashable


class ServerSpec(InterfaceSpec):
    """The desired state of a managed server; each kind adds its settings."""

    engine: str
    version: str
    cpus: float | None
    memory_mb: int
    vpc: Reference
    publish: int | None
    volume: str | None
    username: str
    tls: bool
    deletion_protection: bool


class ServerCertificate(TypedDict):
    """The certificate of a server with TLS."""

    names: list[str]
    not_after: str


class ServerObserved(TypedDict):
    """The actual state of a managed server."""

    image: str
    address: str | None
    port: int
    started_at: str | None
    restarts: int
    certificate: NotRequired[ServerCertificate]


class ServerDocument(ResourceDocument):
    """A managed server of any kind."""

    spec: ServerSpec
    observed: ServerObserved


_STATUSES = {
    "start_requested": "starting",
    "stop_requested": "stopping",
    "stopped": "stopped",
    "rotation_requested": "rotating",
}
_SENTENCES = {
    "create_requested": "creation requested ({engine} {version}, {memory_mb} MiB)",
    "certificate_issued": "certificate issued for {names}, valid until {not_after}",
    "started": "started",
    "start_requested": "start requested",
    "stop_requested": "stop requested",
    "stopped": "stopped",
    "crashed": "exited unexpectedly: {reason}",
    "change_requested": "change requested ({memory_mb} MiB, {cpus} cores): {settings}",
    "protection_changed": when(
        "deletion_protection", "deletion protection enabled", "deletion protection disabled"
    ),
    "rotation_requested": "password rotation requested",
    "credentials_rotated": "password rotated",
}


def server(kind: type[Server], document_type: type, words: dict[str, Template]) -> None:
    """Register the changes and sentences of the events of all servers; ``words`` are those of the kind's own events."""
    statuses(kind, document_type, _STATUSES)
    trashable(kind, "delete_requested", "deleting")
    with_interface(kind)
    sentences(kind, {**_SENTENCES, **words})
    on(f"{kind.KIND}.create_requested")(_create_requested)
    on(f"{kind.KIND}.certificate_issued")(_certificate_issued)
    on(f"{kind.KIND}.started")(_started)
    on(f"{kind.KIND}.stopped")(_stopped)
    on(f"{kind.KIND}.crashed")(_crashed)
    on(f"{kind.KIND}.change_requested")(_change_requested)
    on(f"{kind.KIND}.protection_changed")(_protection_changed)


def under_way(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that a server which should run does what was requested."""
    if document["status"] not in {"stopping", "stopped"}:
        set_status(document, "modifying")


def server_specification(spec: ServerSpec, among: Documents) -> dict[str, Any]:
    """Return the fields that create any server. Of its volume only the size counts: it is a part of the server."""
    return {
        "engine": spec["engine"],
        "version": spec["version"],
        "vpc": among.name(spec["vpc"]),
        **interface_specification(spec["subnet"], spec["security_groups"]),
        "publish": spec["publish"],
        "storage_gb": among.volume_size(spec["volume"]),
        "deletion_protection": spec["deletion_protection"],
    }


def _create_requested(document: Document, event: dict[str, Any]) -> None:
    document["spec"] = {
        "engine": event["engine"],
        "version": event["version"],
        "cpus": event["cpus"],
        "memory_mb": event["memory_mb"],
        **event["settings"],
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "subnet": None,
        "security_groups": [],
        "publish": event["publish"],
        "volume": event["volume_id"],
        "username": event["username"],
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
    set_status(document, "creating")


def _certificate_issued(document: ServerDocument, event: dict[str, Any]) -> None:
    document["spec"]["tls"] = True
    document["observed"]["certificate"] = {"names": event["names"], "not_after": event["not_after"]}


def _started(document: ServerDocument, event: dict[str, Any]) -> None:
    document["observed"]["address"] = event["address"]
    document["observed"]["started_at"] = event["started_at"]
    if document["status"] in SETTLING:
        document["status_reason"] = None


def _stopped(document: ServerDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    stop_showing_address(document)
    set_status(document, "stopped")


def _crashed(document: ServerDocument, event: dict[str, Any]) -> None:
    stop_showing_address(document)
    document["observed"]["restarts"] += 1
    set_status(document, "starting", event["reason"])


def _change_requested(document: Document, event: dict[str, Any]) -> None:
    document["spec"]["cpus"] = event["cpus"]
    document["spec"]["memory_mb"] = event["memory_mb"]
    document["spec"].update(event["settings"])
    under_way(document, event)


def _protection_changed(document: ServerDocument, event: dict[str, Any]) -> None:
    document["spec"]["deletion_protection"] = event["deletion_protection"]
