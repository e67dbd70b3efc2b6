"""Keeps the container of every managed server, by the actions of ``domain.server.next_action``.

A pass ends by using the server as its clients do.
"""

import contextlib
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from domain.errors import Unreachable
from domain.ports import Containers, ContainerSpec, SeenContainer
from domain.server import STOP_GRACE_S, Endpoint, NextAction, Server, ServerEnd, next_action
from domain.status import SETTLING
from domain.store import ScopeInUse
from domain.volume import Volume
from miniaws.application import Cloud, UnitOfWork
from miniaws.process_managers import attachment
from miniaws.process_managers.interface import assigned, why_not_ready
from miniaws.process_managers.server.access import ServerAccess
from miniaws.process_managers.server.container import container_spec, published
from miniaws.process_managers.server.kind import ServerKind
from miniaws.runtime.reconciler import LONG_PASS_S, Reconciler, ReconcileResult, failure

S = TypeVar("S", bound=Server)
_WAIT_S = 0.5
_START_S = 0.1
_START_LIMIT = timedelta(seconds=180)
"""A server that has just been started may take this long until it answers."""


class ServerManager(Generic[S]):
    """Reconciles containers with the servers of one kind."""

    def __init__(
        self, cloud: Cloud, containers: Containers, kind: ServerKind[S], access: ServerAccess[S]
    ) -> None:
        self.kind = kind.resource.KIND
        self.timeout_s = LONG_PASS_S
        self._cloud = cloud
        self._containers = containers
        self._servers = kind
        self._access = access
        self._reconciler = Reconciler(
            cloud,
            kind.resource,
            stages=(self._assign_interface, *kind.stages),
            observe=self._observe,
            next_action=next_action,
            carry_out=self._carry_out,
            resting={NextAction.NOTHING: None, NextAction.WAIT: _WAIT_S},
            failure=failure,
        )

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one server."""
        return await self._reconciler.reconcile(resource_id)

    async def _assign_interface(self, server: S) -> ReconcileResult | None:
        return None if server.is_deleting else await assigned(self._cloud, server)

    async def _observe(self, server: S) -> SeenContainer | None:
        return await self._containers.inspect(server.public_id)

    async def _carry_out(
        self, action: NextAction, server: S, container: SeenContainer | None
    ) -> ReconcileResult | None:
        match action:
            case NextAction.USE if container is not None:
                return await self._use(server, container)
            case NextAction.MAKE:
                missing = await missing_dependency(self._cloud, server) or await self._servers.dependency(
                    server
                )
                if missing is not None:
                    return ReconcileResult(f"waits for {missing}", _START_S)
                await self._containers.ensure(await self._spec(server))
            case NextAction.REPORT_TRASHED:
                await self._trash(server)
            case NextAction.REPORT_DELETED:
                return await self._delete(server)
            case NextAction.REPORT_STARTED | NextAction.REPORT_STOPPED | NextAction.REPORT_CRASHED:
                await self._reconciler.report(server, lambda current: _report(action, current, container))
            case _:
                await self._converge(action, server, container)
        return None

    async def _converge(self, action: NextAction, server: S, container: SeenContainer | None) -> None:
        match action:
            case NextAction.START:
                if container is not None and container.state != "created":
                    # Its network may have been created again since it ran.
                    await self._containers.ensure(await self._spec(server))
                await self._admit(server)
                await self._containers.start(server.public_id)
            case NextAction.STOP:
                await self._containers.stop(server.public_id, STOP_GRACE_S)
            case NextAction.RESIZE if container is not None:
                await self._resize(server, container)
            case NextAction.CONNECT:
                await self._admit(server)
                await self._containers.reattach(await self._spec(server))
            case NextAction.REMOVE | NextAction.RECREATE:
                await self._containers.remove(server.public_id)
            case _:
                raise AssertionError(action)

    async def _use(self, server: S, container: SeenContainer) -> ReconcileResult:
        """Use the server. That it does not answer while it starts is no failure."""
        now = self._cloud.ports.clock.now()
        try:
            requeue_after_s = await self._servers.use(server, container, _endpoint(server, container))
        except Unreachable as error:
            is_new = container.started_at is not None and now - container.started_at < _START_LIMIT
            if server.status not in SETTLING or not is_new:
                raise
            return ReconcileResult(f"waits until it answers: {error}", _START_S)
        return ReconcileResult("used it", requeue_after_s)

    async def _resize(self, server: S, container: SeenContainer) -> None:
        if server.memory_mb < container.memory_mb and server.is_up:
            # The server frees memory first: otherwise the engine could not reduce the limit.
            password = await self._access.secret(server, server.login_id)
            with contextlib.suppress(Unreachable):
                await self._servers.clients[server.engine].configure(
                    server, _endpoint(server, container), password
                )
        await self._containers.resize(server.public_id, server.cpus, server.memory_mb)

    async def _trash(self, server: S) -> None:
        """Report that the server is in the trash, and move its volume there in the same save."""

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(self._servers.resource, server.public_id)
            current.report_trashed()
            if current.volume_id is not None and current.is_trashed:
                volume = await self._cloud.load(Volume, current.account_id, current.volume_id)
                volume.trash_with_server(current.purges_at)
                unit.add(volume)

        await self._reconciler.transact(server, work)

    async def _delete(self, server: S) -> ReconcileResult | None:
        """Report the end, and delete the server's volume in the same save."""
        # Also when no container is observed: volumes kept for it may still be there.
        await self._containers.remove(server.public_id)

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(self._servers.resource, server.public_id)
            await self._servers.before_delete(unit, current)
            current.report_deleted()
            if current.volume_id is not None:
                volume = await self._cloud.load(Volume, current.account_id, current.volume_id)
                if volume.attached_to == current.public_id:
                    volume.end_with_server(current.public_id)
                    unit.add(volume)

        try:
            await self._reconciler.transact(server, work)
        except ScopeInUse:
            return ReconcileResult("waits for a snapshot of its volume", _WAIT_S)
        return None

    async def _admit(self, server: S) -> None:
        ports = published(server, self._cloud.settings.publish_address)
        await attachment.admit(self._cloud, server, ports)

    async def _spec(self, server: S) -> ContainerSpec:
        address = self._cloud.settings.publish_address
        return await container_spec(self._servers, self._access, server, address)


async def missing_dependency(cloud: Cloud, server: Server) -> str | None:
    """Return what a server waits for: its network, an address in it, its volume; None for nothing."""
    volumes = [server.volume_id] if server.volume_id is not None else []
    return await why_not_ready(cloud, server, volumes)


def _endpoint(server: Server, container: SeenContainer) -> Endpoint:
    return Endpoint(container.address or "", server.port)


def _report(action: NextAction, server: Server, container: SeenContainer | None) -> None:
    # The desired state may have changed since: report only what still is the next action.
    if next_action(server, container) is not action:
        return
    if action is NextAction.REPORT_STOPPED:
        server.report_stopped()
    elif action is NextAction.REPORT_CRASHED:
        server.report_crashed(_end(container))
    elif container is not None and container.started_at is not None:
        server.report_started(container.address, container.started_at)


def _end(container: SeenContainer | None) -> ServerEnd:
    if container is None:
        return ServerEnd(None, "its container was removed by hand")
    if container.oom_killed:
        return ServerEnd(container.exit_code, "it used more memory than it has and was killed")
    if container.state == "running":
        return ServerEnd(None, "it ended while nobody watched; the engine started it again")
    return ServerEnd(container.exit_code, f"its program ended with code {container.exit_code}")
