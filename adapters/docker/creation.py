"""From a specification to the body of the engine's create call."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from posixpath import normpath
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.engine import DockerEngine, Json
from adapters.docker.removal import remove_container, tolerate_missing
from domain.errors import Refused
from domain.ports import OPTIONAL_CAPABILITIES, ContainerSpec, File

RESTART = {"always": "unless-stopped", "on-failure": "on-failure", "never": "no"}
PIDS = 1024
"""Maximum number of processes and threads of a container: stops a fork bomb, suffices for servers."""
LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}

IMAGE_LABEL = "miniaws.image"
"""Label of a container and of a preserved file system: the image it started from."""
PATH_LABEL = "miniaws.path"
"""Label of a volume that belongs to a container: its mount point."""
PROGRAM_LABEL = "miniaws.program"
"""Label of a container: a digest of its specification."""
UNSET_LABEL = "miniaws.unset"
"""Label of a preserved file system: names of variables from the specification, as a JSON list."""


@dataclass(frozen=True, slots=True)
class Base:
    """The image a container is created from."""

    image: str
    volumes: frozenset[str]
    """Paths that the image declares as volumes."""
    unset: frozenset[str]
    """Variables of an earlier generation that must not be set again."""


def base(api: APIClient, image: str) -> Base:
    """Look at the image. Raises docker's ImageNotFound."""
    config: Mapping[str, Any] = api.inspect_image(image)["Config"] or {}
    labels: Mapping[str, str] = config.get("Labels") or {}
    paths = frozenset(normpath(path) for path in config.get("Volumes") or {})
    return Base(image, paths, frozenset(json.loads(labels.get(UNSET_LABEL, "[]"))))


def check_surroundings(api: APIClient, engine: DockerEngine, spec: ContainerSpec) -> None:
    """Refuse unless the network and the volumes exist: the engine itself would create an empty volume."""
    try:
        api.inspect_network(engine.name(spec.network_id))
    except NotFound:
        raise Refused(f"cannot create {spec.resource_id}: there is no network {spec.network_id}") from None
    for mount in spec.mounts:
        try:
            api.inspect_volume(engine.name(mount.volume_id))
        except NotFound:
            raise Refused(f"cannot create {spec.resource_id}: there is no volume {mount.volume_id}") from None


def refuse_made_up_volumes(api: APIClient, engine: DockerEngine, container: Json) -> None:
    """Refuse to start a container on a volume that the engine created; remove both.

    A volume may be removed by hand between the check and the creation of the container. The engine then creates
    an empty one, without labels: it would hide the loss of the files, and would never be removed. A volume that a
    container uses cannot be removed, so a check before the first start is sufficient.
    """
    mounted = [mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"]
    named = [name for name in mounted if name.startswith(engine.name(""))]
    made_up = [name for name in named if not _is_ours(api, engine, name)]
    if made_up:
        remove_container(api, container["Id"])
        for name in made_up:
            tolerate_missing(partial(api.remove_volume, name))
        gone = ", ".join(name.removeprefix(engine.name("")) for name in made_up)
        raise Refused(f"cannot start the container: the volume {gone} is gone; restore a snapshot of it")


def _is_ours(api: APIClient, engine: DockerEngine, name: str) -> bool:
    labels: Mapping[str, str] = api.inspect_volume(name)["Labels"] or {}
    return labels.get("miniaws.cloud") == engine.cloud


def own_volumes(engine: DockerEngine, spec: ContainerSpec, base: Base) -> dict[str, str]:
    """Return path and volume name for each volume that the image declares and nothing is mounted on.

    An anonymous volume would be lost with its container and could not be identified; these are found
    by name when the container is replaced, or created again after it was removed by hand.
    """
    mounted = {normpath(mount.path) for mount in spec.mounts}
    return {
        path: f"{engine.name(spec.resource_id)}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
        for path in sorted(base.volumes - mounted)
    }


def container_config(engine: DockerEngine, spec: ContainerSpec, base: Base) -> Json:
    """Return the body of the engine's create call."""
    network = engine.name(spec.network_id)
    environment = [f"{name}={value}" for name, value in spec.environment.items()]
    # A name without a value removes a variable of the image.
    environment += sorted(base.unset - set(spec.environment))
    labels = engine.labels(spec.kind, spec.resource_id, spec.account_id, spec.generation)
    return {
        "Image": base.image,
        "Hostname": spec.name,
        "Cmd": list(spec.command) or None,
        "Env": environment,
        "Labels": labels | {IMAGE_LABEL: spec.image, PROGRAM_LABEL: spec.program},
        "ExposedPorts": {f"{port.port}/tcp": {} for port in spec.ports},
        "StopTimeout": spec.stop_grace_s,
        **({"StopSignal": spec.stop_signal} if spec.stop_signal else {}),
        "HostConfig": _host_config(engine, spec, base),
        "NetworkingConfig": {"EndpointsConfig": {network: endpoint(spec)}},
    }


def endpoint(spec: ContainerSpec) -> Json:
    """Return its address and its DNS names on the network."""
    address = {"IPAMConfig": {"IPv4Address": spec.address}} if spec.address is not None else {}
    return {"Aliases": [spec.name, spec.resource_id, *spec.aliases], **address}


def is_attached(spec: ContainerSpec, seen: Json) -> bool:
    """Return whether a container has the address and the names of its specification on the network."""
    wanted = endpoint(spec)
    address: str | None = (seen.get("IPAMConfig") or {}).get("IPv4Address")
    return address == spec.address and set(wanted["Aliases"]) <= set(seen.get("Aliases") or [])


def _host_config(engine: DockerEngine, spec: ContainerSpec, base: Base) -> Json:
    volumes = {mount.path: engine.name(mount.volume_id) for mount in spec.mounts}
    volumes |= own_volumes(engine, spec, base)
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in spec.ports:
        binding = {"HostIp": port.host_address, "HostPort": str(port.host_port)}
        bindings.setdefault(f"{port.port}/tcp", []).append(binding)
    return limits(spec.cpus, spec.memory_mb) | {
        "NetworkMode": engine.name(spec.network_id),
        "PidsLimit": PIDS,
        "RestartPolicy": {"Name": RESTART[spec.restart]},
        "LogConfig": LOG,
        "PortBindings": bindings,
        "Mounts": [{"Type": "volume", "Source": name, "Target": path} for path, name in volumes.items()],
        # Entrypoints that drop root (gosu, su-exec) are not affected: they start as root.
        "SecurityOpt": ["no-new-privileges"],
        "Init": spec.init,
        "CapDrop": sorted(set(OPTIONAL_CAPABILITIES) - set(spec.capabilities)),
        "CapAdd": sorted(set(spec.capabilities) - set(OPTIONAL_CAPABILITIES)),
        **({"ShmSize": spec.shm_mb * 1024 * 1024} if spec.shm_mb is not None else {}),
    }


def archive(files: Mapping[str, File]) -> bytes:
    """Return the files as a tar archive that the engine unpacks at the root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, file in files.items():
            entry = tarfile.TarInfo(path.strip("/"))
            entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            entry.size, entry.mode, entry.uid, entry.gid = len(file.content), file.mode, file.uid, file.gid
            tar.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def limits(cpus: float, memory_mb: int) -> Json:
    """Return the limits in the engine's units; a swap limit equal to the memory limit means no swap."""
    memory = memory_mb * 1024 * 1024
    return {"NanoCpus": round(cpus * 1_000_000_000), "Memory": memory, "MemorySwap": memory}
