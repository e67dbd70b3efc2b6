"""Replicas in memory: they follow for as long as something is kept for them, unless a test says otherwise."""

from collections.abc import Sequence

from adapters.memory.engine import MemoryContainer, MemoryEngine
from domain.database import Administered, Database, Ended, Standing
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program

_FOLLOWS_BY = "/miniaws/follows"


class MemoryReplicas:
    """Lets servers follow others that only know who may."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.kept: dict[str, str] = {}
        """For whom something is kept at a source, and the password of each."""
        self.lost: set[str] = set()
        """For whom the source has not kept enough."""
        self.cut: set[str] = set()
        """Who does not reach its source."""
        self.lag_bytes = 0

    def copy(self, replica: Database, password: str) -> Program:
        """Return a program that copies."""
        return Program(("copy", replica.public_id), files={_FOLLOWS_BY: File(password.encode())})

    def files(self, replica: Database, password: str) -> dict[str, File]:
        """Return the password."""
        del replica
        return {_FOLLOWS_BY: File(password.encode())}

    async def admit(self, at: Endpoint, admin: str, named: str, password: str) -> None:
        """Keep something for it."""
        del admin
        await self._engine.enter("replicas.admit")
        self._running(at)
        self.lost.discard(named)
        self.kept[named] = password

    async def dismiss(self, at: Endpoint, admin: str, named: str | None) -> None:
        """Keep nothing for it."""
        del admin
        await self._engine.enter("replicas.dismiss")
        self._running(at)
        if named is not None:
            self.kept.pop(named, None)

    async def is_lost(self, at: Endpoint, admin: str, named: str) -> bool:
        """Tell what a test said."""
        del admin
        await self._engine.enter("replicas.is_lost")
        self._running(at)
        return named in self.lost or named not in self.kept

    async def prepare(self, replica: Database, at: Endpoint, admin: str) -> Administered:
        """Note the parameters."""
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

    async def standing(self, at: Endpoint, admin: str) -> Standing:
        """Follow while anything is kept for it by a source that runs."""
        del admin
        await self._engine.enter("replicas.standing")
        container = self._running(at)
        named, password = container.spec.resource_id, container.spec.files[_FOLLOWS_BY].content.decode()
        if named in self.cut | self.lost or self.kept.get(named) != password:
            return Standing(is_streaming=False)
        return Standing(is_streaming=True, lag_bytes=self.lag_bytes, lag_s=0.0)

    async def promote(self, at: Endpoint, admin: str, own: str) -> Ended:
        """Have our own password."""
        del admin
        await self._engine.enter("replicas.promote")
        self._running(at).files["admin"] = own.encode()
        return Ended("0/3000148", None)

    async def behind(self, at: Endpoint, admin: str, position: str) -> int:
        """Return what a test said."""
        del admin, position
        await self._engine.enter("replicas.behind")
        self._running(at)
        return self.lag_bytes

    def _running(self, at: Endpoint) -> MemoryContainer:
        for container in self._engine.containers.values():
            if container.state == "running" and container.address == at.host:
                return container
        raise Unreachable("it does not answer")
