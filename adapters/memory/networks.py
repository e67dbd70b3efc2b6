"""Networks in memory."""

from ipaddress import IPv4Network

from adapters.memory.engine import MemoryEngine, MemoryNetwork
from domain.errors import InUse, RangeInUse, Refused
from domain.ports import Found


class MemoryNetworks:
    """Simulates networks."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def ensure(self, resource_id: str, account_id: str, cidr: str) -> None:
        """Create this network. Raises RangeInUse when the range overlaps another one."""
        await self._engine.enter("networks.ensure")
        wanted = IPv4Network(cidr)
        old = self._engine.networks.get(resource_id)
        if old and old.range == wanted:
            return
        if old:
            raise Refused(f"cannot give {resource_id} the range {cidr}: it has {old.range}; remove it first")
        taken = [IPv4Network(other) for other in self._engine.occupied]
        taken += [other.range for other in self._engine.networks.values()]
        clash = next((other for other in taken if other.overlaps(wanted)), None)
        if clash:
            raise RangeInUse(f"cannot use the range {cidr}: it overlaps {clash}; choose another range")
        self._engine.networks[resource_id] = MemoryNetwork(account_id, wanted)
        self._engine.record("vpc", resource_id, "create")

    async def exists(self, resource_id: str) -> bool:
        """Return whether the network exists."""
        await self._engine.enter("networks.exists")
        return resource_id in self._engine.networks

    async def remove(self, resource_id: str) -> None:
        """Remove the network. Raises InUse while containers are on it."""
        await self._engine.enter("networks.remove")
        users = [
            i
            for i, c in self._engine.containers.items()
            if c.has_network and c.spec.network_id == resource_id
        ]
        if users:
            raise InUse(f"cannot remove {resource_id}: {', '.join(sorted(users))} is on it")
        if self._engine.networks.pop(resource_id, None):
            self._engine.record("vpc", resource_id, "destroy")

    async def found(self) -> list[Found]:
        """Return every network."""
        await self._engine.enter("networks.found")
        return [Found("vpc", i, 1) for i in self._engine.networks]

    async def occupied(self) -> list[str]:
        """Return the ranges that the host uses."""
        await self._engine.enter("networks.occupied")
        return list(self._engine.occupied)
