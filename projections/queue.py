"""The document of a server of queues."""

from typing import Any

from domain.queue import Queue
from projections.document import Document, on
from projections.metering import metered
from projections.server import server


def used(document: Document) -> dict[str, int]:
    """Return what a server of queues uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"queue": 1, "queue_mb": document["spec"]["memory_mb"]}


@on("queue.adopted")
def _adopted(document: Document, event: dict[str, Any]) -> None:
    spec = document["spec"]
    document["spec"] = {**spec, "queues": {**event["queues"], **spec["queues"]}}


server(
    Queue,
    {
        "purged": "had every message of {queue} removed",
        "adoption_requested": "asked to begin with the queues in its files",
        "adopted": "found in its files: {queues}",
    },
)
metered(Queue, used)
