"""Caches: Redis or Valkey in a container of its own, whose memory is a real limit.

Rules
-----
* A quarter of the memory is reserved for the server itself. When the rest is full, it evicts or refuses.
* A full cache makes room by default: one that persists removes keys with an expiry, one that does not removes any key.
* A cache that persists has a volume; how it persists is chosen once.
* A parameter that is not known, or a value it cannot have, is refused.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self, get_args

from domain import values
from domain.aggregate import Aggregate
from domain.server import Endpoint, Server, ServerClient, ServerSpec, UnknownParameter
from domain.server.spec import check_cpus, check_engine, check_memory

Eviction = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
]
Persistence = Literal["none", "aof", "snapshots"]
VERSIONS: Mapping[str, tuple[str, ...]] = {"redis": ("7",), "valkey": ("8",)}
"""Engines and their versions, the newest last."""
PORT = 6379
USERNAME = "default"
DATA_PATH = "/data"
LEAST_MEMORY_MB = 32
PARAMETERS: Mapping[str, tuple[str, ...] | tuple[int, int]] = {
    "appendfsync": ("always", "everysec", "no"),
    "hz": (1, 500),
    "lfu-decay-time": (0, 1000),
    "lfu-log-factor": (0, 255),
    "maxmemory-samples": (1, 64),
    "slowlog-log-slower-than": (-1, 60_000_000),
    "slowlog-max-len": (0, 100_000),
    "tcp-keepalive": (0, 86_400),
    "timeout": (0, 86_400),
}
"""The parameters that may be set, each with its words or the range of its whole numbers."""


class Cache(Server):
    """One cache."""

    PREFIX = "cache"

    flush_requests: int = 0
    """How many requests to remove every key were not carried out yet."""

    class FlushRequested(Aggregate.Event):
        """Somebody requested that every key is removed."""

        def apply(self, aggregate: "Cache") -> None:
            aggregate.flush_requests += 1
            if aggregate.wanted == "running":
                aggregate.set_status("modifying")

    class Flushed(Aggregate.Event):
        """Every key was removed."""

        def apply(self, aggregate: "Cache") -> None:
            aggregate.flush_requests = 0

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Request a cache. Raises Invalid."""
        check_engine(VERSIONS, spec.engine, spec.version)
        check_memory(spec.memory_mb, LEAST_MEMORY_MB)
        check_cpus(spec.cpus)
        _check(spec.settings)
        return super().create(spec)

    def modify(
        self,
        memory_mb: int | None,
        eviction: str | None,
        parameters: Mapping[str, str] | None,
        cpus: float | None = None,
    ) -> None:
        """Request other limits or settings; they are applied while it runs. Raises BeingDeleted, Invalid."""
        settings: dict[str, Any] = {**self.settings}
        settings |= {"eviction": eviction} if eviction is not None else {}
        settings |= {"parameters": dict(parameters)} if parameters is not None else {}
        _check(settings)
        if memory_mb is not None:
            check_memory(memory_mb, LEAST_MEMORY_MB)
        if cpus is not None:
            check_cpus(cpus)
        self.change(cpus, memory_mb, settings)

    def flush(self) -> None:
        """Request that every key is removed. Raises BeingDeleted, ServerStopped."""
        self.refuse_unless_wanted("flush")
        self.trigger_event(self.FlushRequested)

    def report_flushed(self, requests: int) -> None:
        """Record that every key was removed, unless that was requested again after this number of requests."""
        if self.flush_requests == requests:
            self.trigger_event(self.Flushed)

    @property
    def can_be_available(self) -> bool:
        """Whether it should run, and nothing that was requested is under way."""
        return super().can_be_available and self.flush_requests == 0

    @property
    def maxmemory_mb(self) -> int:
        """How much of its memory keys may use."""
        return usable_mb(self.memory_mb)


class CacheClient(ServerClient[Cache], Protocol):
    """Speaks to caches."""

    async def flush(self, server: Cache, at: Endpoint, password: str) -> None:
        """Remove every key."""
        ...

    async def stats(self, server: Cache, at: Endpoint, password: str) -> dict[str, Any]:
        """Return current statistics, and those since its start."""
        ...


def default_eviction(persistence: str) -> Eviction:
    """Return the eviction policy of a cache for which none was chosen.

    ``volatile-lru`` is the default of ElastiCache: keys without an expiry are never evicted. A cache that keeps nothing
    across restarts holds copies only, and gets ``allkeys-lru``: it takes writes even if no key has an expiry.
    """
    return "allkeys-lru" if persistence == "none" else "volatile-lru"


def usable_mb(memory_mb: int) -> int:
    """Return the memory that a cache can use for data, in MiB."""
    return memory_mb * 3 // 4


def _check(settings: Mapping[str, Any]) -> None:
    for name, known in (("eviction", get_args(Eviction)), ("persistence", get_args(Persistence))):
        values.one_of(settings[name], known, name)
    parameters: Mapping[str, str] = settings["parameters"]
    for name, value in parameters.items():
        _check_parameter(name, value)


def _check_parameter(name: str, value: str) -> None:
    if name not in PARAMETERS:
        raise values.must("parameters", f"be of {', '.join(PARAMETERS)}", name, kind=UnknownParameter)
    allowed = PARAMETERS[name]
    first, last = allowed[0], allowed[-1]
    if isinstance(first, int) and isinstance(last, int):
        fits = value.removeprefix("-").isascii() and value.removeprefix("-").isdigit() and len(value) < 12
        if not fits or not first <= int(value) <= last:
            raise values.must("parameters", f"have a whole number from {first} to {last} as `{name}`", value)
    elif value not in allowed:
        known = ", ".join(str(each) for each in allowed)
        raise values.must("parameters", f"have one of {known} as `{name}`", value)
