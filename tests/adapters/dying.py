"""An engine's client that dies in the middle of its work."""

from collections.abc import Callable
from typing import Any

from docker import APIClient

from adapters.docker import DockerEngine

CHANGES = (
    "stop",
    "commit",
    "import_image_from_stream",
    "create_volume",
    "create_container_from_config",
    "put_archive",
    "remove_container",
    "rename",
)
"""The calls that change the engine while a container is created or replaced."""


class Killed(BaseException):
    """The process was killed here."""


class DyingApi:
    """Kills the process immediately before or after the n-th change."""

    def __init__(self, api: APIClient, nth: int, *, after: bool) -> None:
        self._api = api
        self._left = nth
        self._after = after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)
        if name not in CHANGES:
            return call

        def dying(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            try:
                return call(*args, **kwargs)
            finally:
                if self._left == 0:
                    raise Killed

        return dying


class DyingEngine(DockerEngine):
    def __init__(self, docker_host: str, cloud: str, nth: int, *, after: bool) -> None:
        super().__init__(docker_host, cloud)
        self._nth, self._after = nth, after

    async def run(self, task: str, work: Callable[[Any], Any], *, is_long: bool = False) -> Any:
        def dying(api: APIClient) -> Any:
            return work(DyingApi(api, self._nth, after=self._after))

        return await super().run(task, dying, is_long=is_long)
