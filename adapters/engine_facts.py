"""What can be learnt about a container engine without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import docker
import requests
from docker import errors

from domain.errors import Unreachable

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine that answers."""

    version: str
    api_version: str
    storage: str
    cgroup_version: str
    root: str
    """The directory with its images and volumes, on the engine's host."""
    clock: datetime
    images: frozenset[str]
    """Of the images asked for, those that are there."""


def learn(docker_host: str, images: Iterable[str] = ()) -> EngineFacts:
    """Ask the engine. Raises Unreachable when it does not answer, with the reason."""
    try:
        engine = docker.APIClient(base_url=docker_host, version="auto", timeout=_TIMEOUT_S)
    except errors.DockerException as error:
        raise Unreachable(f"cannot reach the Docker engine at {docker_host}: {_reason(error)}") from error
    try:
        info = engine.info()
        return EngineFacts(
            version=info["ServerVersion"],
            api_version=engine.api_version,
            storage=info["Driver"],
            cgroup_version=info.get("CgroupVersion", "1"),
            root=info["DockerRootDir"],
            clock=datetime.fromisoformat(info["SystemTime"]),
            images=frozenset(image for image in images if engine.images(name=image)),
        )
    except (errors.DockerException, requests.RequestException) as error:
        raise Unreachable(
            f"cannot learn about the Docker engine at {docker_host}: {_reason(error)}"
        ) from error
    finally:
        engine.close()


def _reason(error: BaseException) -> str:
    """Return the innermost cause: the client library wraps "permission denied" four times."""
    text = str(error)
    for word in ("Permission denied", "No such file", "Connection refused", "timed out"):
        if word in text:
            return word.lower()
    return text
