"""Containers that are paused for a snapshot of one of their volumes."""

from docker import APIClient

from adapters.docker.engine import DockerEngine, Json

PAUSES_LABEL = "miniaws.pauses"
"""Label of a container that copies volumes, for which others may be paused."""


def is_held(api: APIClient, engine: DockerEngine, container: Json) -> bool:
    """Return whether a container is paused for a snapshot of one of its volumes."""
    if container["State"]["Status"] != "paused":
        return False
    filters = engine.only()
    filters["label"].append(PAUSES_LABEL)
    mounted = {mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"}
    return any(
        mount.get("Name") in mounted
        for copying in api.containers(all=True, filters=filters)
        for mount in copying["Mounts"]
    )
