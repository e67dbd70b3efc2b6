"""A docker-py client with its own paths and timeouts: each name in a path is checked and encoded."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from docker import APIClient

from domain.errors import Refused
from domain.values import shown

_LONG = re.compile(
    r"POST (/v[\d.]+)?/(commit|build|images/create)"
    r"|GET (/v[\d.]+)?/containers/[^/]+/export"
    r"|DELETE (/v[\d.]+)?/(containers|images|volumes)/.+"
    r"|POST (/v[\d.]+)?/containers/[^/]+/wait"
)
"""Calls whose duration depends on the amount of data: commit, pull, build, export, import, remove."""


_NOWHERE = frozenset({"", ".", ".."})
"""Segments that a client or the engine would resolve, which would lead to another endpoint."""


def path(template: str, *names: str) -> str:
    """Return the path with each ``{}`` replaced by an encoded name.

    Raises Refused for a name that could lead to another endpoint. Encoding alone is no defence: the engine decodes a
    path before it resolves the dots in it.
    """
    return template.format(*map(_encoded, names))


def _encoded(name: str) -> str:
    if not _NOWHERE.isdisjoint(name.split("/")) or not name.isprintable():
        raise Refused(f"cannot call the container engine with the name {shown(name)}: it is not a name")
    return quote(name, safe="")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without data after which the engine counts as unreachable."""

    short_s: int = 60
    long_s: int = 1800
    """The timeout of calls whose duration depends on the amount of data."""


class EngineClient(APIClient):
    """A client of an engine."""

    def __init__(self, docker_host: str, timeouts: Timeouts, *, pool_size: int) -> None:
        self._timeouts = timeouts
        super().__init__(docker_host, version="auto", max_pool_size=pool_size)
        self.timeout = timeouts.short_s

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request with the timeout of its kind. The grace period of a stop is added."""
        if _LONG.fullmatch(f"{method.upper()} {urlsplit(url).path}"):
            kwargs["timeout"] = max(self._timeouts.long_s, kwargs.get("timeout") or 0)
        return super().request(method, url, *args, **kwargs)

    def _url(self, pathfmt: str, *args: str, versioned_api: bool = True, **_: object) -> str:
        """Return the URL of an endpoint; docker-py itself does not encode slashes and dots in names."""
        version = f"/v{self.api_version}" if versioned_api else ""
        return f"{self.base_url}{version}{path(pathfmt, *args)}"
