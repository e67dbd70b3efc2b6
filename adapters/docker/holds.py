"""Containers that are paused while a snapshot is taken of a volume of theirs."""

from docker import APIClient

from adapters.docker.engine import DockerEngine, Json

PAUSES_LABEL = "miniaws.pauses"
"""On a container that copies volumes: whoever mounts them may be paused for it."""


def is_held(api: APIClient, engine: DockerEngine, container: Json) -> bool:
    """Tell whether a paused container is so for a snapshot: something copies a volume of it."""
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
