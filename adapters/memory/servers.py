"""Servers in memory: what a client of any engine sees of a container that pretends to be one."""

from typing import Any

from adapters.memory.engine import MemoryContainer, MemoryEngine
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.queue import Named, Peeked, QueueMissing
from domain.server import Endpoint, Program, Server

_PASSWORD = "/etc/miniaws/password"  # noqa: S105 - where it is


class MemoryServers:
    """Speaks to servers that only know their password."""

    def __init__(self, engine: MemoryEngine, *, rotates_live: bool = True) -> None:
        self._engine = engine
        self.rotates_live = rotates_live
        self.inside: dict[str, Named] = {}
        """What an earlier server had declared in the files of the next one."""

    def program(self, server: Server, password: str) -> Program:
        """Return what to run."""
        return Program((server.engine,), files={_PASSWORD: File(password.encode())})

    async def configure(self, server: Server, at: Endpoint, password: str) -> None:
        """Have its settings."""
        await self._engine.enter("servers.configure")
        self._opened(at, password).files["settings"] = repr(server.settings).encode()

    async def rotate(self, server: Server, at: Endpoint, old: str, new: str) -> None:
        """Have it take the new password only."""
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
        """Remove nothing, as nothing is there."""
        del server
        await self._engine.enter("servers.flush")
        self._opened(at, password)

    async def stats(self, server: Server, at: Endpoint, password: str) -> dict[str, Any]:
        """Return some figures: each queue inside has one message, and half a message comes each second."""
        await self._engine.enter("servers.stats")
        self._opened(at, password)
        inside = server.settings.get("queues", {})
        told = {name: {"depth": 1, "publish_per_s": 0.5} for name in inside}
        return {"clients": 1, "memory_bytes": 1000, "depth": len(told), "queues": told}

    async def purge(self, server: Server, at: Endpoint, password: str, name: str) -> None:
        """Remove nothing, as nothing is there."""
        await self._engine.enter("servers.purge")
        self._opened(at, password)
        _refuse_missing(server, name)

    async def declared(self, server: Server, at: Endpoint, password: str) -> dict[str, Named]:
        """Return what an earlier server had declared."""
        del server
        await self._engine.enter("servers.declared")
        self._opened(at, password)
        return self.inside

    async def peek(self, server: Server, at: Endpoint, password: str, name: str, most: int) -> list[Peeked]:
        """Return a message that says where it is."""
        await self._engine.enter("servers.peek")
        self._opened(at, password)
        _refuse_missing(server, name)
        return [Peeked(name.encode(), len(name), {})][:most]

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
