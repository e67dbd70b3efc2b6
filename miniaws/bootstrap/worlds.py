"""The world that clouds run in: a Docker engine with everything on it, or a pretence of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from adapters.database.mariadb import MariadbDatabases
from adapters.database.mariadb_archive import MariadbArchives
from adapters.database.postgres import PostgresDatabases
from adapters.database.postgres_archive import PostgresArchives
from adapters.database.postgres_replicas import PostgresReplicas
from adapters.docker import docker_ports
from adapters.haproxy import HAProxies
from adapters.memory import (
    MemoryArchives,
    MemoryContainers,
    MemoryCopies,
    MemoryDatabases,
    MemoryEngine,
    MemoryImages,
    MemoryNetworks,
    MemoryProxies,
    MemoryReplicas,
    MemoryServers,
    MemoryStats,
    MemoryTargets,
    MemoryVolumes,
    MemoryWatch,
)
from adapters.nats import NatsQueues
from adapters.rabbitmq import RabbitMQQueues
from adapters.redis import RedisCaches
from adapters.restic import ResticCopies, TargetsFile
from adapters.system import SystemClock
from domain.archive import ArchiveEngine
from domain.cache import CacheClient
from domain.database import ENGINES, DatabaseClient, Replicator
from domain.load_balancer.proxy import Proxies
from domain.ports import Containers, EngineWatch, Images, Networks, Stats, Volumes
from domain.queue import QueueClient
from domain.snapshot.copies import Copies
from domain.snapshot.elsewhere import Targets
from miniaws.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """The world of containers: Docker, or a pretence of it."""

    containers: Containers
    networks: Networks
    volumes: Volumes
    images: Images
    caches: Mapping[str, CacheClient]
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


def docker_world(settings: Settings) -> World:
    """Return the world that a Docker engine runs."""
    ports = docker_ports(settings.docker_host, settings.cloud, settings.home / "volumes")
    mariadb, binary_logs = MariadbDatabases(), MariadbArchives(ports.containers)
    targets = TargetsFile(settings.copy_targets_file)
    proxies = HAProxies(
        ports.engine, settings.home / "load-balancers", settings.images("haproxy"), settings.publish_address
    )
    return World(
        ports.containers,
        ports.networks,
        ports.volumes,
        ports.images,
        {"redis": RedisCaches(), "valkey": RedisCaches("valkey-server")},
        {"rabbitmq": RabbitMQQueues(), "nats": NatsQueues()},
        {"postgres": PostgresDatabases(), "mariadb": mariadb, "mysql": mariadb},
        {"postgres": PostgresArchives(ports.containers), "mariadb": binary_logs, "mysql": binary_logs},
        {"postgres": PostgresReplicas()},
        ResticCopies(ports.engine, settings.images("restic"), targets),
        targets,
        ports.watch,
        ports.stats,
        proxies,
        ports.close,
    )


def memory_world(engine: MemoryEngine | None = None) -> World:
    """Return a world that only pretends."""
    engine = engine or MemoryEngine()
    return World(
        MemoryContainers(engine),
        MemoryNetworks(engine),
        MemoryVolumes(engine),
        MemoryImages(engine),
        {"redis": MemoryServers(engine), "valkey": MemoryServers(engine)},
        {"rabbitmq": MemoryServers(engine), "nats": MemoryServers(engine, rotates_live=False)},
        dict.fromkeys(ENGINES, MemoryDatabases(engine)),
        dict.fromkeys(ENGINES, MemoryArchives(engine)),
        {"postgres": MemoryReplicas(engine)},
        MemoryCopies(engine),
        MemoryTargets(),
        MemoryWatch(engine),
        MemoryStats(engine, SystemClock().now),
        MemoryProxies(engine),
        _nothing,
    )


def world(settings: Settings) -> World:
    """Return the world of the settings."""
    return docker_world(settings) if settings.engine == "docker" else memory_world()


async def _nothing() -> None:
    pass
