"""Every port of a cloud: those that the infrastructure implements, and those that the store does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from domain.archive import ArchiveEngine
from domain.cache import CacheClient
from domain.database import DatabaseClient, Replicator
from domain.firewall import Firewall
from domain.host_port import HostPorts
from domain.load_balancer.proxy import Proxies
from domain.ports import Containers, EngineWatch, HostAddresses, Images, Networks, Volumes
from domain.queue import QueueClient
from domain.snapshot.copies import Copies
from domain.snapshot.offsite_copies import Targets
from domain.stats import Stats
from domain.store import EventStore, Heartbeats, Sessions
from domain.system import Clock, KeyDerivation, RandomSource, Rates
from projections.activity import Activity
from projections.inventory import Inventory
from projections.metrics import Metrics
from projections.traffic import TrafficView


class Visibility(Protocol):
    """Reports the position up to which the read models show events."""

    async def wait_for(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as reads show the position, False after the timeout."""
        ...


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What runs the resources: Docker, or a substitute in memory."""

    containers: Containers
    networks: Networks
    host_addresses: HostAddresses
    firewall: Firewall
    host_ports: HostPorts
    volumes: Volumes
    images: Images
    caches: Mapping[str, CacheClient]
    """Clients of servers, by engine; also those below."""
    queues: Mapping[str, QueueClient]
    databases: Mapping[str, DatabaseClient]
    archives: Mapping[str, ArchiveEngine]
    replicators: Mapping[str, Replicator]
    copies: Copies
    targets: Targets
    watch: EngineWatch
    stats: Stats
    proxies: Proxies
    close: Callable[[], Awaitable[None]]

    def as_arguments(self) -> dict[str, Any]:
        """Return the ports by name."""
        return {each.name: getattr(self, each.name) for each in fields(Infrastructure)}


@dataclass(frozen=True, slots=True)
class Ports(Infrastructure):
    """One implementation of every port."""

    store: EventStore
    inventory: Inventory
    activity: Activity
    metrics: Metrics
    traffic: TrafficView
    sessions: Sessions
    heartbeats: Heartbeats
    visibility: Visibility
    clock: Clock
    random: RandomSource
    rates: Rates
    derivation: KeyDerivation
