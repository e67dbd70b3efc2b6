"""Addresses of the host in networks, in memory."""

from adapters.memory.engine import MemoryEngine
from domain.errors import InUse, Refused
from domain.ports import HostAddress


class MemoryHostAddresses:
    """Simulates addresses of the host."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def ensure(self, wanted: HostAddress) -> None:
        """Assign the host this address. Raises InUse when a container has it, Refused without its network."""
        await self._engine.enter("host_addresses.ensure")
        if wanted.network_id not in self._engine.networks:
            raise Refused(f"cannot join {wanted.network_id}: there is no such network")
        if wanted.address in self._engine.addresses(wanted.network_id, besides=wanted.resource_id):
            raise InUse(f"cannot give {wanted.resource_id} the address {wanted.address}: a container has it")
        self._engine.host_addresses[wanted.resource_id] = wanted

    async def remove(self, resource_id: str, network_id: str) -> None:
        """Take the address of a resource from the host."""
        del network_id
        await self._engine.enter("host_addresses.remove")
        self._engine.host_addresses.pop(resource_id, None)
