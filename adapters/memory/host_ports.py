"""Host ports in memory."""

from adapters.memory.engine import MemoryEngine


class MemoryHostPorts:
    """Reports the ports that a test has taken."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def is_in_use(self, port: int) -> bool:
        """Return whether a program outside the cloud listens on a port."""
        await self._engine.enter("host_ports.is_in_use")
        return port in self._engine.taken_ports
