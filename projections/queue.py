"""The document of a server of queues."""

from domain.queue import Queue
from projections.document import Document
from projections.metering import metered
from projections.server import server


def used(document: Document) -> dict[str, int]:
    """Return what a server of queues uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"queue": 1, "queue_mb": document["spec"]["memory_mb"]}


server(Queue, {"purged": "had every message of {queue} removed"})
metered(Queue, used)
