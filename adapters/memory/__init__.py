"""The world of containers, in memory: for tests, and for a cloud that only pretends.

Every port works on one shared ``MemoryEngine``, whose hooks play the accidents of the real world.
"""

from adapters.memory.containers import MemoryContainers
from adapters.memory.copies import MemoryCopies
from adapters.memory.databases import MemoryArchives, MemoryDatabases
from adapters.memory.engine import MemoryEngine
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
