"""Every capability. A new one is one more line here: its parts are found by its name, in every layer.

``miniaws/http/<kind>s.py`` has its ``router``, ``miniaws/process_managers/<kind>`` its ``create_manager``,
``miniaws/commands/<kind>`` its ``FIGURES`` and ``figures``, if any, ``projections/<kind>.py`` its documents. Each is
imported by what needs it: a controller starts without the web framework.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from miniaws.application import Cloud

if TYPE_CHECKING:
    from fastapi import APIRouter

    from miniaws.runtime.workers import ProcessManager


class Source(NamedTuple):
    """Where the metrics of a kind come from."""

    meanings: Mapping[str, str]
    """By name."""
    read: Callable[[Cloud, dict[str, Any]], Awaitable[dict[str, Any]]]
    """Returns the metrics of a resource, which is given by its document."""


class Capability(NamedTuple):
    """A kind of resource."""

    kind: str
    """Its name in every layer."""
    path: str
    """Its URL below `/api`."""
    example: str
    """A name, for the OpenAPI document."""
    has_manager: bool = True
    """False for what has no counterpart outside the store."""

    def router(self) -> "APIRouter":
        """Return its routes."""
        return import_module(f"miniaws.http.{self.kind}s").router

    def figures(self) -> Source | None:
        """Return the source of its metrics, if it has metrics of its own."""
        commands = import_module(f"miniaws.commands.{self.kind}")
        return Source(commands.FIGURES, commands.figures) if hasattr(commands, "FIGURES") else None

    def manager(self, cloud: Cloud) -> "ProcessManager":
        """Return a new process manager."""
        return import_module(f"miniaws.process_managers.{self.kind}").create_manager(cloud)


CAPABILITIES = (
    Capability("access_key", "keys", "admin", has_manager=False),
    Capability("vpc", "vpcs", "default"),
    Capability("subnet", "subnets", "private", has_manager=False),
    Capability("security_group", "security-groups", "db", has_manager=False),
    Capability("volume", "volumes", "data"),
    Capability("snapshot", "snapshots", "before-upgrade"),
    Capability("instance", "instances", "web-1"),
    Capability("cache", "caches", "sessions"),
    Capability("scaling_group", "scaling-groups", "web"),
    Capability("queue", "queues", "events"),
    Capability("database", "databases", "orders"),
    Capability("archive", "archives", "orders"),
    Capability("load_balancer", "load-balancers", "web-1"),
    Capability("plan", "plans", "apply-k3x9a2"),
    Capability("orphan", "orphans", "volume-vol-aaaaaaaaaaaaaaaaaaaaaaaaaa"),
)
PATHS = {capability.kind: capability.path for capability in CAPABILITIES}
