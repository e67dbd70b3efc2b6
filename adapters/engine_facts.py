"""What can be learnt about a container engine without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from adapters.engine_connection import connected

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
    with connected(docker_host, _TIMEOUT_S) as engine:
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
