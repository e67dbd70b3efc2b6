"""Finds and removes everything on the container engine that carries a cloud's label."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker import errors

from adapters.docker.filesystems import Filesystems
from adapters.engine_connection import connected

LABEL = "miniaws.cloud"
"""The label, on everything of ours, whose value is the cloud's name."""
_ATTEMPTS = 50
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Labelled:
    """What carries a label on the engine: ids of containers and networks, names of volumes."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.containers or self.networks or self.volumes)

    def __str__(self) -> str:
        """Return how much of what."""
        counts = {"container": self.containers, "network": self.networks, "volume": self.volumes}
        return ", ".join(f"{len(found)} {noun}{'s'[: len(found) != 1]}" for noun, found in counts.items())


def find(docker_host: str, cloud: str) -> Labelled:
    """Return what belongs to the cloud. Raises Unreachable when the engine does not answer."""
    with connected(docker_host) as engine:
        return _labelled(engine, f"{LABEL}={cloud}")


def clouds(docker_host: str) -> list[str]:
    """Return the names of the clouds that have something on the engine. Raises Unreachable."""
    with connected(docker_host) as engine:
        found = [*_containers(engine, LABEL), *_networks(engine, LABEL), *_volumes(engine, LABEL)]
    return sorted({item["Labels"][LABEL] for item in found})


def sweep(docker_host: str, cloud: str) -> Labelled:
    """Remove what belongs to the cloud, running or not, and return what that was.

    Raises Unreachable when the engine does not answer, Refused when it cannot remove something.
    """
    with connected(docker_host) as engine:
        found = _labelled(engine, f"{LABEL}={cloud}")
        for container in found.containers:
            _remove(engine.remove_container, container, force=True, v=True)
        for network in found.networks:
            _remove_network(engine, network)
        devices = [(item["Options"] or {}).get("device") for item in _volumes(engine, f"{LABEL}={cloud}")]
        for volume in found.volumes:
            _remove(engine.remove_volume, volume, force=True)
    for device in devices:
        _remove_file_system(device)
    return found


def _labelled(engine: docker.APIClient, label: str) -> Labelled:
    return Labelled(
        containers=tuple(found["Id"] for found in _containers(engine, label)),
        networks=tuple(found["Id"] for found in _networks(engine, label)),
        volumes=tuple(found["Name"] for found in _volumes(engine, label)),
    )


def _containers(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.containers(all=True, filters={"label": label})


def _networks(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.networks(filters={"label": label})


def _volumes(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.volumes(filters={"label": label})["Volumes"] or []


def _remove_network(engine: docker.APIClient, network: str) -> None:
    """Remove a network; again for a while, as the start of a container that was removed may end only now."""
    for patience in reversed(range(_ATTEMPTS)):
        try:
            for stranger in _members(engine, network):
                _remove(engine.disconnect_container_from_network, stranger, net_id=network, force=True)
            _remove(engine.remove_network, network)
            break
        except errors.APIError:
            if not patience:
                raise
        time.sleep(_PAUSE_S)  # noqa: TID251 - the engine does not tell when the last endpoint has gone


def _members(engine: docker.APIClient, network: str) -> list[str]:
    try:
        return list(engine.inspect_network(network)["Containers"] or {})
    except errors.NotFound:
        return []


def _remove(call: Callable[..., Any], name: str, **options: Any) -> None:
    try:
        call(name, **options)
    except errors.NotFound:
        return  # somebody was quicker


def _remove_file_system(device: str | None) -> None:
    """Remove the file system that a volume of a fixed size had; see ``adapters.docker.filesystems``."""
    # One in memory has no such path.
    place = Path(device).parent if device and device.startswith("/") else None
    if place is None or not place.with_name(f"{place.name}.img").exists():
        return
    # In a thread of its own: whoever sweeps may have an event loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Filesystems(place.parent).remove(place.name)).result()
