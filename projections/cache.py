"""The document of a cache."""

from domain.cache import Cache
from projections.document import Document
from projections.metering import metered
from projections.server import server


def used(document: Document) -> dict[str, int]:
    """Return what a cache uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"cache": 1, "cache_mb": document["spec"]["memory_mb"]}


server(Cache, {"flushed": "had every key removed"})
metered(Cache, used)
