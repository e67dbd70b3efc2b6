"""The port of load balancers: a proxy. Implemented with HAProxy, and in memory for tests.

Every call may be repeated, as those of ``domain/ports.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from domain.load_balancer.spec import Listener, TargetGroup, Timeouts

ServerState = Literal["unchecked", "up", "down", "resting"]
"""Not checked yet; checks pass; checks fail; gets no new requests."""


@dataclass(frozen=True, slots=True)
class Server:
    """A target that may get requests; with ``rests``, it gets no new ones."""

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
    """The desired proxy."""

    resource_id: str
    account_id: str
    name: str
    listeners: Sequence[Listener]
    backends: Sequence[Backend]
    timeouts: Timeouts
    certificates: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    """Certificate, chain and private key in PEM, by name."""
    address: str | None = None
    """The address that the host has in its VPC for it: it also listens there, and connects to targets from it."""
    network: str | None = None
    """The range of its VPC: only clients in it can use this address."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters of a target or of a whole balancer; they begin at zero in each ``run`` of the proxy."""

    run: str
    sessions: int
    """Open now."""
    requests: int
    """Connections for tcp."""
    responses_4xx: int = 0
    responses_5xx: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    errors: int = 0
    """Failed connections, and responses that were cut off."""
    latency_ms: float | None = None
    """From the request to the end of the response, the mean of the newest ones."""


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
    """The proxy that runs."""

    servers: Mapping[str, SeenServer]
    traffic: Traffic | None = None
    """Of all listeners."""


class Proxies(Protocol):
    """Spreads requests."""

    async def ensure(self, spec: ProxySpec) -> None:
        """Run this proxy. When that fails, a proxy that runs is left as it is.

        Raises ImageMissing; PortTaken when another program listens on a port; Refused when the configuration is
        refused.
        """
        ...

    async def look(self, resource_id: str) -> SeenProxy | None:
        """Return the proxy, or None when it does not run."""
        ...

    async def remove(self, resource_id: str) -> None:
        """Remove the proxy, if there is one."""
        ...

    async def running(self) -> list[str]:
        """Return the ids of all proxies on this machine, running or not."""
        ...
