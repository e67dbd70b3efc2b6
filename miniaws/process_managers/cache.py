"""Keeps the server of every cache, and removes its keys on request; ``process_managers/server`` says how."""

from domain.cache import Cache
from domain.ports import SeenContainer
from domain.server import Endpoint
from miniaws.application import Cloud
from miniaws.process_managers.server import ServerAccess, ServerKind, ServerManager


def create_manager(cloud: Cloud) -> ServerManager[Cache]:
    """Return what reconciles containers with caches."""
    clients = cloud.ports.caches
    access = ServerAccess(cloud, Cache, clients)

    async def use(cache: Cache, container: SeenContainer, at: Endpoint) -> None:
        del container
        password = await access.rotate(cache, at)
        await access.check(cache, at, password)
        if requests := cache.flush_requests:
            await clients[cache.engine].flush(cache, at, password)
            await access.report(cache, lambda current: current.report_flushed(requests))
        await access.report_available(cache)

    return ServerManager(cloud, cloud.ports.containers, ServerKind(Cache, clients, use), access)
