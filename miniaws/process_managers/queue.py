"""Keeps a real server for every server of queues; how is said in ``process_managers/server.py``."""

from collections.abc import Mapping

from domain.ports import Containers
from domain.queue import Queue, QueueClient
from miniaws.application import Cloud
from miniaws.process_managers.server import ServerManager


class QueueManager(ServerManager[Queue]):
    """Reconciles servers of queues with containers."""

    def __init__(self, cloud: Cloud, containers: Containers, clients: Mapping[str, QueueClient]) -> None:
        super().__init__(cloud, containers, Queue, clients)
