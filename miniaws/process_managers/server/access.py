"""Uses a managed server as its clients do: only a server that was used is available."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from domain.server import Endpoint, Server, ServerClient
from domain.status import USABLE
from domain.store import Cause
from miniaws.application import Cloud
from miniaws.runtime.queue import manager_of

S = TypeVar("S", bound=Server)


class ServerAccess(Generic[S]):
    """Signs in to servers of one kind and reports on them."""

    def __init__(self, cloud: Cloud, resource: type[S], clients: Mapping[str, ServerClient[S]]) -> None:
        self.cause = Cause(actor=manager_of(resource.KIND), account_id="")
        self._cloud = cloud
        self._resource = resource
        self._clients = clients

    async def rotate(self, server: S, at: Endpoint) -> str:
        """Change the password if that was requested, and return the current one."""
        password = await self.secret(server, server.login_id)
        next_id = server.next_login_id
        if next_id is None:
            return password
        new = await self.secret(server, next_id)
        await self._clients[server.engine].rotate(server, at, password, new)
        await self.report(server, lambda current: current.report_rotated(next_id))
        return new

    async def check(self, server: S, at: Endpoint, password: str) -> None:
        """Configure a server that is not usable yet; then write something and read it back."""
        client = self._clients[server.engine]
        if server.status not in USABLE:
            await client.configure(server, at, password)
        await client.probe(server, at, password)

    async def report_available(self, server: S) -> None:
        """Report that the server was used."""
        if server.status != "available":
            await self.report_used(server, lambda current: current.report_available())

    async def report_used(self, server: S, decide: Callable[[S], None]) -> None:
        """Report what the use of a server showed, unless it was changed, stopped or started again since."""

        def decide_if_same(current: S) -> None:
            if current.is_up and _run(current) == _run(server):
                decide(current)

        await self.report(server, decide_if_same)

    async def report(self, server: S, decide: Callable[[S], None]) -> S:
        """Save what the manager reports, and return the newest state."""
        return await self._cloud.report(self._resource, server.id, self.cause, decide)

    async def secret(self, server: S, secret_id: str) -> str:
        """Return a secret of a server in clear. Raises SecretMissing."""
        name = f"a secret of {server.KIND} {server.name}"
        return (await self._cloud.secret(secret_id, name)).decode()


def _run(server: Server) -> tuple[object, ...]:
    return server.settings, server.memory_mb, server.generation, server.started_at
