"""Images on a Docker engine, in its registries, and those that can be built locally."""

import asyncio
import time

from docker import APIClient

from adapters.docker.engine import DockerEngine
from adapters.docker.local_images import find, reference_of
from adapters.images.recipe import role_of
from domain.errors import Refused

REMEMBER_S = 10
_REGISTRY_S = 10
"""Timeout of a registry; then it counts as offering nothing."""


class DockerImages:
    """Knows which images can be run."""

    def __init__(self, engine: DockerEngine, *, allow_pull: bool = True) -> None:
        self._engine = engine
        self._allow_pull = allow_pull
        self._offered: dict[str, tuple[bool, float]] = {}
        self._cores: float | None = None

    async def is_available(self, image: str) -> bool:
        """Return whether the image exists here, can be built here, or is offered by a registry.

        False for an invalid reference, and for the preserved files of a resource.
        """
        if role_of(image) is not None:
            return True
        try:
            if await self._engine.run(
                f"look for the image {image}", lambda api: find(api, image) is not None
            ):
                return True
        except Refused:
            return False
        if not self._allow_pull:
            return False
        offered, until = self._offered.get(image, (False, 0.0))
        if until < time.monotonic():
            offered = await self._is_offered(image)
            self._offered = {image: (offered, time.monotonic() + REMEMBER_S)}
        return offered

    async def digest(self, image: str) -> str | None:
        """Return the content that the image has here, as containers show it; None when it is not here."""

        def look(api: APIClient) -> str | None:
            name = find(api, image)
            return None if name is None else api.inspect_image(name)["Id"]

        try:
            return await self._engine.run(f"look at the image {image}", look)
        except Refused:
            return None

    async def cores(self) -> float:
        """Return the number of cores of the engine's host; read once."""
        if self._cores is None:
            info = await self._engine.run("look at the host", lambda api: api.info())
            self._cores = float(info["NCPU"])
        return self._cores

    async def _is_offered(self, image: str) -> bool:
        name = str(reference_of(image))
        try:
            async with asyncio.timeout(_REGISTRY_S):
                await self._engine.call(f"look for the image {image}", "GET", "/distribution/{}/json", name)
        except (Refused, TimeoutError):
            return False
        return True
