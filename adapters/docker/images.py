"""Images on a Docker engine and in the registries it reaches."""

import time

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.utils import parse_repository_tag

from adapters.docker.engine import DockerEngine
from adapters.docker.reasons import plain
from domain.errors import ImageMissing, Refused

REMEMBER_S = 10


class DockerImages:
    """Knows what can be run."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._offered: dict[str, float] = {}
        self._cores: float | None = None

    async def is_available(self, image: str) -> bool:
        """Tell whether the image is here or a registry offers it; a registry that is away offers nothing."""
        if await self._engine.run(f"look for the image {image}", lambda api: _is_here(api, image)):
            return True
        if self._offered.get(image, 0) > time.monotonic():
            return True
        try:
            await self._engine.run(f"look for the image {image}", lambda api: _is_offered(api, image))
        except Refused:
            return False
        self._offered = {image: time.monotonic() + REMEMBER_S}
        return True

    async def cores(self) -> float:
        """Return how many cores the engine's host has. Asked once: a host with others has another engine."""
        if self._cores is None:
            info = await self._engine.run("look at the host", lambda api: api.info())
            self._cores = float(info["NCPU"])
        return self._cores


def pull(api: APIClient, image: str) -> None:
    """Fetch the image from its registry, once. Raises ImageMissing."""
    repository, tag = parse_repository_tag(image)
    reason = None
    try:
        for step in api.pull(repository, tag or "latest", stream=True, decode=True):
            reason = step.get("error", reason)
    except APIError as error:
        reason = str(error.explanation)
    if reason:
        raise ImageMissing(
            f"cannot find the image {image}: it is not here, and fetching it failed ({plain(reason)}); "
            "check its name, or build or load it on this host"
        )


def _is_here(api: APIClient, image: str) -> bool:
    try:
        api.inspect_image(image)
    except NotFound:
        return False
    return True


def _is_offered(api: APIClient, image: str) -> bool:
    api.inspect_distribution(image)
    return True
