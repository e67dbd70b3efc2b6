"""Keeps the server of every queue, and purges on request; ``process_managers/server`` says how."""

import contextlib
from collections import Counter
from functools import partial

from domain.ports import SeenContainer
from domain.queue import Queue, QueueMissing
from domain.server import Endpoint
from miniaws.application import Cloud
from miniaws.process_managers.server import ServerAccess, ServerKind, ServerManager


def create_manager(cloud: Cloud) -> ServerManager[Queue]:
    """Return what reconciles containers with servers of queues."""
    clients = cloud.ports.queues
    access = ServerAccess(cloud, Queue, clients)

    async def use(queue: Queue, container: SeenContainer, at: Endpoint) -> None:
        del container
        password = await access.rotate(queue, at)
        if queue.is_adopting:
            # What an earlier server with these files had declared comes first, before anything else is declared.
            found = await clients[queue.engine].declared(queue, at, password)
            queue = await access.report(queue, lambda current: current.report_adopted(found))
        await access.check(queue, at, password)
        for name, requests in Counter(queue.purges_under_way).items():
            # One that does not exist any more has no messages.
            with contextlib.suppress(QueueMissing):
                await clients[queue.engine].purge(queue, at, password, name)
            await access.report(queue, partial(Queue.report_messages_purged, name=name, requests=requests))
        await access.report_available(queue)

    return ServerManager(cloud, cloud.ports.containers, ServerKind(Queue, clients, use), access)
