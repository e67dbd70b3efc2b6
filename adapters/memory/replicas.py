"""Replicas in memory: they follow while their source retains log for them, unless a test says otherwise."""

from collections.abc import Sequence

from adapters.memory.engine import MemoryContainer, MemoryEngine
from domain.database import Administered, Database, Ended, ReplicationStatus
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program

_FOLLOWS_BY = "/miniaws/follows"


class MemoryReplicas:
    """Simulates replication."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.kept: dict[str, str] = {}
        """Replicas for which a source retains log, with their passwords."""
        self.lost: set[str] = set()
        """Replicas for which the source has not retained enough log."""
        self.cut: set[str] = set()
        """Replicas that cannot reach their source."""
        self.lag_bytes = 0

    def copy(self, replica: Database, password: str) -> Program:
        """Return a program that copies the files."""
        return Program(("copy", replica.public_id), files={_FOLLOWS_BY: File(password.encode())})

    def files(self, replica: Database, password: str) -> dict[str, File]:
        """Return the password for replication."""
        del replica
        return {_FOLLOWS_BY: File(password.encode())}

    async def admit(self, at: Endpoint, admin: str, named: str, password: str) -> None:
        """Retain log for the replica."""
        del admin
        await self._engine.enter("replicas.admit")
        self._running(at)
        self.lost.discard(named)
        self.kept[named] = password

    async def dismiss(self, at: Endpoint, admin: str, named: str | None) -> None:
        """Stop retaining log for the replica."""
        del admin
        await self._engine.enter("replicas.dismiss")
        self._running(at)
        if named is not None:
            self.kept.pop(named, None)

    async def is_lost(self, at: Endpoint, admin: str, named: str) -> bool:
        """Return the value set by a test."""
        del admin
        await self._engine.enter("replicas.is_lost")
        self._running(at)
        return named in self.lost or named not in self.kept

    async def prepare(self, replica: Database, at: Endpoint, admin: str) -> Administered:
        """Record the parameters."""
        del admin
        await self._engine.enter("replicas.prepare")
        self._running(at).files["parameters"] = repr(replica.settings["parameters"]).encode()
        return Administered(f"{replica.engine} in memory", [])

    async def read(self, replica: Database, at: Endpoint, passwords: Sequence[str]) -> None:
        """Connect."""
        del replica
        await self._engine.enter("replicas.read")
        self._running(at)
        if not all(passwords):
            raise Refused("it takes no password of its source")

    async def replication_status(self, at: Endpoint, admin: str) -> ReplicationStatus:
        """Follow while a running source retains log for it."""
        del admin
        await self._engine.enter("replicas.replication_status")
        container = self._running(at)
        named, password = container.spec.resource_id, container.spec.files[_FOLLOWS_BY].content.decode()
        if named in self.cut | self.lost or self.kept.get(named) != password:
            return ReplicationStatus(is_streaming=False)
        return ReplicationStatus(is_streaming=True, lag_bytes=self.lag_bytes, lag_s=0.0)

    async def promote(self, at: Endpoint, admin: str, own: str) -> Ended:
        """Set the password of the internal account."""
        del admin
        await self._engine.enter("replicas.promote")
        self._running(at).files["admin"] = own.encode()
        return Ended("0/3000148", None)

    async def lag_bytes_after(self, at: Endpoint, admin: str, position: str) -> int:
        """Return the value set by a test."""
        del admin, position
        await self._engine.enter("replicas.lag_bytes_after")
        self._running(at)
        return self.lag_bytes

    def _running(self, at: Endpoint) -> MemoryContainer:
        for container in self._engine.containers.values():
            if container.state == "running" and container.address == at.host:
                return container
        raise Unreachable("it does not answer")
