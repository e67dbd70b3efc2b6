"""The document of a cache."""

from typing import Any, Literal

from domain.cache import Cache, Eviction, Persistence
from projections.document import ResourceDocument, on
from projections.estate import Documents, specified
from projections.metering import metered
from projections.server import ServerObserved, ServerSpec, server, server_specification, under_way


class CacheSpec(ServerSpec):
    """The desired state of a cache."""

    eviction: Eviction
    persistence: Persistence
    parameters: dict[str, str]


class CacheDocument(ResourceDocument):
    """A cache."""

    kind: Literal["cache"]
    spec: CacheSpec
    observed: ServerObserved


def used(document: CacheDocument) -> dict[str, int]:
    """Return what a cache uses while it runs."""
    if document["status"] not in {"available", "modifying", "rotating"}:
        return {}
    return {"cache": 1, "cache_mb": document["spec"]["memory_mb"]}


server(Cache, CacheDocument, {"flush_requested": "flush requested", "flushed": "flushed"})
on("cache.flush_requested")(under_way)
metered(Cache, used)


@specified("cache")
def specification(document: CacheDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the cache."""
    spec = document["spec"]
    return {
        **server_specification(spec, among),
        "cpus": spec["cpus"],
        "memory_mb": spec["memory_mb"],
        "tls": spec["tls"],
        "eviction": spec["eviction"],
        "persistence": spec["persistence"],
        "parameters": spec["parameters"],
    }
