"""Facts about a container engine, read without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from adapters.docker.engine_connection import connected

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """Facts about an engine that answers."""

    version: str
    api_version: str
    storage: str
    cgroup_version: str
    root: str
    """The directory of its images and volumes, on the engine's host."""
    clock: datetime
    has_init: bool
    """Whether the engine has an init process for instances."""
    images: frozenset[str]
    """Which of the requested images exist."""


def learn(docker_host: str, images: Iterable[str] = ()) -> EngineFacts:
    """Return the facts. Raises Unreachable with the reason when the engine does not answer."""
    with connected(docker_host, _TIMEOUT_S) as engine:
        info = engine.info()
        return EngineFacts(
            version=info["ServerVersion"],
            api_version=engine.api_version,
            storage=info["Driver"],
            cgroup_version=info.get("CgroupVersion", "1"),
            root=info["DockerRootDir"],
            clock=datetime.fromisoformat(info["SystemTime"]),
            # Debian's tini reports no commit; this is the value for one that the engine cannot run.
            has_init=(info.get("InitCommit") or {}).get("ID") != "N/A",
            images=frozenset(image for image in images if engine.images(name=image)),
        )
