"""Servers in memory: simulates the clients of every engine."""

from typing import Any

from adapters.memory.engine import MemoryContainer, MemoryEngine
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.queue import PeekedMessage, QueueDefinition, QueueMissing
from domain.server import Endpoint, Program, Server

_PASSWORD = "/etc/miniaws/password"  # noqa: S105 - where it is


class MemoryServers:
    """Simulates servers that only check their password."""

    def __init__(self, engine: MemoryEngine, *, rotates_live: bool = True) -> None:
        self._engine = engine
        self.rotates_live = rotates_live
        self.inside: dict[str, QueueDefinition] = {}
        """Queues that an earlier server had declared, found in the files of the next one."""

    def program(self, server: Server, password: str) -> Program:
        """Return the container to run."""
        return Program((server.engine,), files={_PASSWORD: File(password.encode())})

    async def configure(self, server: Server, at: Endpoint, password: str) -> None:
        """Apply its settings."""
        await self._engine.enter("servers.configure")
        self._opened(at, password).files["settings"] = repr(server.settings).encode()

    async def rotate(self, server: Server, at: Endpoint, old: str, new: str) -> None:
        """Make it accept only the new password."""
        del server
        await self._engine.enter("servers.rotate")
        container = self._running(at)
        if _password(container) not in {old, new}:
            raise Refused("it does not take its password")
        container.files["password"] = new.encode()

    async def probe(self, server: Server, at: Endpoint, password: str) -> None:
        """Connect."""
        del server
        await self._engine.enter("servers.probe")
        self._opened(at, password)

    async def flush(self, server: Server, at: Endpoint, password: str) -> None:
        """Do nothing: there are no contents."""
        del server
        await self._engine.enter("servers.flush")
        self._opened(at, password)

    async def stats(self, server: Server, at: Endpoint, password: str) -> dict[str, Any]:
        """Return statistics: each queue has one message, and half a message arrives per second."""
        await self._engine.enter("servers.stats")
        self._opened(at, password)
        inside = server.settings.get("queues", {})
        told = {name: {"depth": 1, "publish_per_s": 0.5} for name in inside}
        return {"clients": 1, "memory_bytes": 1000, "depth": len(told), "queues": told}

    async def purge(self, server: Server, at: Endpoint, password: str, name: str) -> None:
        """Do nothing: there are no contents."""
        await self._engine.enter("servers.purge")
        self._opened(at, password)
        _refuse_missing(server, name)

    async def declared(self, server: Server, at: Endpoint, password: str) -> dict[str, QueueDefinition]:
        """Return the queues that an earlier server had declared."""
        del server
        await self._engine.enter("servers.declared")
        self._opened(at, password)
        return self.inside

    async def peek(
        self, server: Server, at: Endpoint, password: str, name: str, most: int
    ) -> list[PeekedMessage]:
        """Return a message that names its queue."""
        await self._engine.enter("servers.peek")
        self._opened(at, password)
        _refuse_missing(server, name)
        return [PeekedMessage(name.encode(), len(name), {})][:most]

    def _opened(self, at: Endpoint, password: str) -> MemoryContainer:
        container = self._running(at)
        if _password(container) != password:
            raise Refused("it does not take its password")
        return container

    def _running(self, at: Endpoint) -> MemoryContainer:
        for container in self._engine.containers.values():
            if container.state == "running" and container.address == at.host:
                return container
        raise Unreachable("it does not answer")


def _password(container: MemoryContainer) -> str:
    return container.files.get("password", container.spec.files[_PASSWORD].content).decode()


def _refuse_missing(server: Server, name: str) -> None:
    if name not in server.settings["queues"]:
        raise QueueMissing("there is no such queue")
