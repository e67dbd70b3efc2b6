"""Finds and removes everything on the container engine that has a cloud's label."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker import errors

from adapters.docker.engine_connection import connected
from adapters.docker.filesystems import Filesystems
from adapters.docker.firewall_rules import remove_rules

LABEL = "miniaws.cloud"
"""The label of every object of a cloud; its value is the cloud's name."""
_ATTEMPTS = 50
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Labelled:
    """Objects on the engine with a label: ids of containers, networks and images, names of volumes."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Images that preserve the files of replaced containers."""

    @property
    def is_empty(self) -> bool:
        """Whether there are no objects."""
        return not (self.containers or self.networks or self.volumes or self.images)

    def __str__(self) -> str:
        """Return the number of objects of each type."""
        counts = {"container": self.containers, "network": self.networks, "volume": self.volumes}
        counts |= {"image": self.images} if self.images else {}
        return ", ".join(f"{len(found)} {noun}{'s'[: len(found) != 1]}" for noun, found in counts.items())


def find(docker_host: str, cloud: str) -> Labelled:
    """Return the objects of the cloud. Raises Unreachable when the engine does not answer."""
    with connected(docker_host) as engine:
        return _labelled(engine, f"{LABEL}={cloud}")


def clouds(docker_host: str) -> list[str]:
    """Return the names of the clouds that have objects on the engine. Raises Unreachable."""
    with connected(docker_host) as engine:
        kinds = (_containers, _networks, _volumes, _images)
        found = [item for items in kinds for item in items(engine, LABEL)]
    return sorted({item["Labels"][LABEL] for item in found})


def sweep(docker_host: str, cloud: str) -> Labelled:
    """Remove the objects of the cloud, running or not, and return them.

    Raises Unreachable when the engine does not answer, Refused when it cannot remove an object.
    """
    with connected(docker_host) as engine:
        found = _labelled(engine, f"{LABEL}={cloud}")
        remove_rules(engine, docker_host, cloud)
        for container in found.containers:
            _remove(engine.remove_container, container, force=True, v=True)
        for network in found.networks:
            _remove_network(engine, network)
        devices = [(item["Options"] or {}).get("device") for item in _volumes(engine, f"{LABEL}={cloud}")]
        for volume in found.volumes:
            _remove(engine.remove_volume, volume, force=True)
        _remove_images(engine, f"{LABEL}={cloud}")
    for device in devices:
        _remove_file_system(device)
    return found


def _labelled(engine: docker.APIClient, label: str) -> Labelled:
    return Labelled(
        containers=tuple(found["Id"] for found in _containers(engine, label)),
        networks=tuple(found["Id"] for found in _networks(engine, label)),
        volumes=tuple(found["Name"] for found in _volumes(engine, label)),
        images=tuple(found["Id"] for found in _images(engine, label)),
    )


def _containers(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.containers(all=True, filters={"label": label})


def _networks(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.networks(filters={"label": label})


def _volumes(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.volumes(filters={"label": label})["Volumes"] or []


def _images(engine: docker.APIClient, label: str) -> list[dict[str, Any]]:
    return engine.images(filters={"label": label})


def _remove_images(engine: docker.APIClient, label: str) -> None:
    """Remove images until none is left or can be removed: an image is refused while another one needs it."""
    while images := [image["Id"] for image in _images(engine, label)]:
        refusals: list[errors.APIError] = []
        for image in images:
            try:
                _remove(engine.remove_image, image, force=True)
            except errors.APIError as error:
                refusals.append(error)
        if len(refusals) == len(images):
            raise refusals[0]


def _remove_network(engine: docker.APIClient, network: str) -> None:
    """Remove a network, with retries, because a removed container may still be starting."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            for stranger in _members(engine, network):
                _remove(engine.disconnect_container_from_network, stranger, net_id=network, force=True)
            _remove(engine.remove_network, network)
            break
        except errors.APIError:
            if not attempts_left:
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
        return  # another process was faster


def _remove_file_system(device: str | None) -> None:
    """Remove the file system of a volume of a fixed size; see ``adapters.docker.filesystems``."""
    # A tmpfs volume has no such path.
    place = Path(device).parent if device and device.startswith("/") else None
    if place is None or not place.with_name(f"{place.name}.img").exists():
        return
    # In a separate thread: the caller may already run an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Filesystems(place.parent).remove(place.name)).result()
