"""Caches: Redis or Valkey in a container of its own, whose memory is a real limit.

Rules
-----
* A quarter of the memory stays for the server itself; the rest is what it may keep, and then it evicts or refuses.
* What persists is kept on a volume of the cache; how it persists is chosen once.
* A parameter that is not known, or a value it cannot have, is refused.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self, get_args

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate
from domain.errors import Invalid
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
"""What else may be set, and to what: one of some words, or a whole number from one to another."""


class Cache(Server):
    """One cache."""

    PREFIX = "cache"

    class Flushed(Aggregate.Event):
        """Somebody removed every key."""

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Ask for a cache. Raises Invalid."""
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
        """Ask for other limits or settings, while it runs. Raises BeingDeleted, Invalid."""
        wish: dict[str, Any] = {**self.settings}
        wish |= {"eviction": eviction} if eviction is not None else {}
        wish |= {"parameters": dict(parameters)} if parameters is not None else {}
        _check(wish)
        if memory_mb is not None:
            check_memory(memory_mb, LEAST_MEMORY_MB)
        if cpus is not None:
            check_cpus(cpus)
        self.change(cpus, memory_mb, wish)

    def note_flush(self) -> None:
        """Keep that every key was removed."""
        self.trigger_event(self.Flushed)

    @property
    def maxmemory_mb(self) -> int:
        """How much it may keep."""
        return usable_mb(self.memory_mb)

    @event(Flushed)
    def _flushed(self) -> None:
        pass


class CacheClient(ServerClient[Cache], Protocol):
    """Speaks to caches."""

    async def flush(self, server: Cache, at: Endpoint, password: str) -> None:
        """Remove every key."""
        ...

    async def stats(self, server: Cache, at: Endpoint, password: str) -> dict[str, Any]:
        """Return figures of now and since its start."""
        ...


def usable_mb(memory_mb: int) -> int:
    """Return how much of its memory a cache may fill."""
    return memory_mb * 3 // 4


def _check(settings: Mapping[str, Any]) -> None:
    for name, known in (("eviction", get_args(Eviction)), ("persistence", get_args(Persistence))):
        if settings[name] not in known:
            raise Invalid(
                f"cannot use {values.shown(settings[name])} as {name}: use one of {', '.join(known)}",
                field=name,
            )
    parameters: Mapping[str, str] = settings["parameters"]
    for name, value in parameters.items():
        _check_parameter(name, value)


def _check_parameter(name: str, value: str) -> None:
    if name not in PARAMETERS:
        raise UnknownParameter(
            f"cannot set the parameter {values.shown(name)}: the known ones are {', '.join(PARAMETERS)}",
            field="parameters",
        )
    allowed = PARAMETERS[name]
    first, last = allowed[0], allowed[-1]
    if isinstance(first, int) and isinstance(last, int):
        fits = value.removeprefix("-").isascii() and value.removeprefix("-").isdigit() and len(value) < 12
        if not fits or not first <= int(value) <= last:
            raise Invalid(
                f"cannot set {name} to {values.shown(value)}: use a whole number from {first} to {last}",
                field="parameters",
            )
    elif value not in allowed:
        known = ", ".join(str(each) for each in allowed)
        raise Invalid(f"cannot set {name} to {values.shown(value)}: use one of {known}", field="parameters")
