"""The infrastructure of a cloud: a Docker engine, or in-memory adapters."""

from adapters.database.mariadb import MariadbDatabases
from adapters.database.mariadb_archive import MariadbArchives
from adapters.database.postgres import PostgresDatabases
from adapters.database.postgres_archive import PostgresArchives
from adapters.database.postgres_replicas import PostgresReplicas
from adapters.docker import docker_ports
from adapters.haproxy import HAProxies
from adapters.host_network import BridgeAddresses, HostCommands
from adapters.host_ports import LocalHostPorts
from adapters.memory import (
    MemoryArchives,
    MemoryContainers,
    MemoryCopies,
    MemoryDatabases,
    MemoryEngine,
    MemoryFirewall,
    MemoryHostAddresses,
    MemoryHostPorts,
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
from adapters.nftables import NftablesFirewall
from adapters.rabbitmq import RabbitMQQueues
from adapters.redis import RedisCaches
from adapters.restic import ResticCopies, TargetsFile
from adapters.system import SystemClock
from domain.database import ENGINES
from miniaws.ports import Infrastructure
from miniaws.settings import Settings


def docker_infrastructure(settings: Settings) -> Infrastructure:
    """Return the world that a Docker engine runs."""
    ports = docker_ports(settings.docker_host, settings.cloud, settings.home / "volumes")
    mariadb, binary_logs = MariadbDatabases(), MariadbArchives(ports.containers)
    targets = TargetsFile(settings.copy_targets_file)
    host, images = HostCommands(ports.engine), settings.images("haproxy")
    proxies = HAProxies(ports.engine, settings.home / "load-balancers", images, settings.publish_address)
    return Infrastructure(
        ports.containers,
        ports.networks,
        BridgeAddresses(ports.engine, host, images),
        NftablesFirewall(ports.engine, host),
        LocalHostPorts(settings.publish_address if settings.docker_host.startswith("unix:") else None),
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


def memory_infrastructure(engine: MemoryEngine | None = None) -> Infrastructure:
    """Return in-memory infrastructure."""
    engine = engine or MemoryEngine(SystemClock().now)
    return Infrastructure(
        MemoryContainers(engine),
        MemoryNetworks(engine),
        MemoryHostAddresses(engine),
        MemoryFirewall(engine),
        MemoryHostPorts(engine),
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


def world(settings: Settings) -> Infrastructure:
    """Return the world of the settings."""
    return docker_infrastructure(settings) if settings.engine == "docker" else memory_infrastructure()


async def _nothing() -> None:
    pass
