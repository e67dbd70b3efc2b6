"""Keeps a real server for every cache; how is said in ``process_managers/server.py``."""

from collections.abc import Mapping

from domain.cache import Cache, CacheClient
from domain.ports import Containers
from miniaws.application import Cloud
from miniaws.process_managers.server import ServerManager


class CacheManager(ServerManager[Cache]):
    """Reconciles caches with containers."""

    def __init__(self, cloud: Cloud, containers: Containers, clients: Mapping[str, CacheClient]) -> None:
        super().__init__(cloud, containers, Cache, clients)
