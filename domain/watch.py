"""Who sends requests to an instance: it is not ended before they have let go of it.

A balancer holds a claim in ``service_scope`` while requests may be under way to the instance, and one in
``watch_scope`` for as long as it wants to be woken by what happens to the instance.
"""

WATCH_PREFIX = "watch/"


def service_scope(instance_id: str) -> str:
    """Return the scope that lists who sends requests to an instance; the note of each claim names it."""
    return f"service/{instance_id}"


def watch_scope(resource_id: str) -> str:
    """Return the scope that lists who is woken by a resource; each key begins with the watcher's kind and a slash."""
    return f"{WATCH_PREFIX}{resource_id}"
