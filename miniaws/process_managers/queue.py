"""Keeps a real server for every server of queues; how is said in ``process_managers/server.py``."""

from collections.abc import Mapping

from domain.ports import Containers
from domain.queue import Queue, QueueClient
from domain.server import Endpoint
from miniaws.application import Cloud
from miniaws.process_managers.server import ServerManager


class QueueManager(ServerManager[Queue]):
    """Reconciles servers of queues with containers."""

    def __init__(self, cloud: Cloud, containers: Containers, clients: Mapping[str, QueueClient]) -> None:
        super().__init__(cloud, containers, Queue, clients)
        self._inside = clients

    async def _begun(self, wanted: Queue, at: Endpoint, password: str) -> Queue:
        """Take over what an earlier server with these files had declared, before anything else is declared."""
        if not wanted.is_adopting:
            return wanted
        found = await self._inside[wanted.engine].declared(wanted, at, password)
        await self._report(wanted, lambda server: server.report_adopted(found))
        return await self._cloud.load_by_id(Queue, wanted.id)
