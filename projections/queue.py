"""The document of a server of queues."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.queue import Queue
from projections.document import ResourceDocument, on
from projections.estate import Documents, specified
from projections.metering import metered
from projections.server import ServerObserved, ServerSpec, server, server_specification, under_way


class QueueLimits(TypedDict):
    """A declared queue; None means no limit."""

    durable: bool
    max_length: int | None
    max_age_s: int | None
    dead_letter: str | None


class QueueSpec(ServerSpec):
    """The desired state of a message queue server."""

    namespace: str
    queues: dict[str, QueueLimits]


class QueueDocument(ResourceDocument):
    """A message queue server."""

    kind: Literal["queue"]
    spec: QueueSpec
    observed: ServerObserved


def used(document: QueueDocument) -> dict[str, int]:
    """Return what a server of queues uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"queue": 1, "queue_mb": document["spec"]["memory_mb"]}


@on("queue.adopted")
def adopted(document: QueueDocument, event: dict[str, Any]) -> None:
    """Show the queues that were found in its files."""
    document["spec"]["queues"] = {**event["queues"], **document["spec"]["queues"]}


server(
    Queue,
    QueueDocument,
    {
        "messages_purge_requested": "purge of queue {queue} requested",
        "purged": "queue {queue} purged",
        "adoption_requested": "adoption of the queues in its files requested",
        "adopted": "queues adopted from its files: {queues}",
    },
)
on("queue.messages_purge_requested")(under_way)
metered(Queue, used)


@specified("queue")
def specification(document: QueueDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the server of queues."""
    spec = document["spec"]
    return {
        **server_specification(spec, among),
        "cpus": spec["cpus"],
        "memory_mb": spec["memory_mb"],
        "tls": spec["tls"],
        "username": spec["username"],
        "namespace": spec["namespace"],
        "queues": spec["queues"],
    }
