"""In-memory adapters for containers: for tests, and for a simulated cloud.

All ports share one ``MemoryEngine``, which can simulate failures.
"""

from adapters.memory.containers import MemoryContainers
from adapters.memory.copies import MemoryCopies
from adapters.memory.databases import MemoryArchives, MemoryDatabases
from adapters.memory.engine import MemoryEngine
from adapters.memory.firewall import MemoryFirewall
from adapters.memory.host_addresses import MemoryHostAddresses
from adapters.memory.host_ports import MemoryHostPorts
from adapters.memory.networks import MemoryNetworks
from adapters.memory.proxies import MemoryProxies
from adapters.memory.replicas import MemoryReplicas
from adapters.memory.servers import MemoryServers
from adapters.memory.stats import MemoryStats
from adapters.memory.targets import MemoryTargets
from adapters.memory.volumes import MemoryVolumes
from adapters.memory.watch import MemoryImages, MemoryWatch

__all__ = [
    "MemoryArchives",
    "MemoryContainers",
    "MemoryCopies",
    "MemoryDatabases",
    "MemoryEngine",
    "MemoryFirewall",
    "MemoryHostAddresses",
    "MemoryHostPorts",
    "MemoryImages",
    "MemoryNetworks",
    "MemoryProxies",
    "MemoryReplicas",
    "MemoryServers",
    "MemoryStats",
    "MemoryTargets",
    "MemoryVolumes",
    "MemoryWatch",
]
