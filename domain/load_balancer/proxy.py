"""What load balancers ask of the world: a proxy. Implemented by HAProxy, and pretended in memory.

Every call may be repeated, as those of ``domain/ports.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from domain.load_balancer.spec import Listener, TargetGroup, Timeouts

ServerState = Literal["unchecked", "up", "down", "resting"]
"""Not checked yet; checks pass; checks fail; gets no new request."""


@dataclass(frozen=True, slots=True)
class Server:
    """A target that may get requests; ``rests`` means that it gets no new one."""

    name: str
    address: str
    port: int
    weight: int
    rests: bool = False


@dataclass(frozen=True, slots=True)
class Backend:
    """A target group, with the targets that are in service."""

    group: TargetGroup
    mode: Literal["http", "tcp"]
    servers: tuple[Server, ...] = ()


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """A proxy as it should be."""

    resource_id: str
    account_id: str
    name: str
    listeners: Sequence[Listener]
    backends: Sequence[Backend]
    timeouts: Timeouts
    certificates: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    """Certificate, chain and private key in PEM, by name."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a target, or a balancer as a whole, has done in a run; counters begin at zero in each ``run``."""

    run: str
    sessions: int
    """At this moment."""
    requests: int
    """For tcp: connections."""
    responses_4xx: int = 0
    responses_5xx: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    errors: int = 0
    """Connections that failed, and answers that broke off."""
    latency_ms: float | None = None
    """From the request to the end of the answer, the mean of the newest ones."""


@dataclass(frozen=True, slots=True)
class SeenServer:
    """A target as the proxy sees it."""

    name: str
    state: ServerState
    reason: str | None
    in_flight: int
    """Requests or connections under way, in every process of the proxy."""
    weight: int = 0
    traffic: Traffic | None = None


@dataclass(frozen=True, slots=True)
class SeenProxy:
    """A proxy as it is."""

    servers: Mapping[str, SeenServer]
    traffic: Traffic | None = None
    """Of all listeners together."""


class Proxies(Protocol):
    """Spreads requests."""

    async def ensure(self, spec: ProxySpec) -> None:
        """Have this proxy run so. What runs is untouched when it cannot be.

        Raises ImageMissing; PortTaken when another program listens on a port; Refused when the configuration is
        refused.
        """
        ...

    async def look(self, resource_id: str) -> SeenProxy | None:
        """Return the proxy as it is, or None when it does not run."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Have no such proxy."""
        ...

    async def running(self) -> list[str]:
        """Return which proxies have been made here, running or not."""
        ...
