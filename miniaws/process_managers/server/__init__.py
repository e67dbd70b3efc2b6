"""Keeps the container of every managed server, whatever its kind.

``kind`` is what kinds of servers do differently · ``manager`` reconciles · ``container`` is what runs ·
``access`` uses a server as its clients do.
"""

from miniaws.process_managers.server.access import ServerAccess
from miniaws.process_managers.server.kind import ServerKind
from miniaws.process_managers.server.manager import ServerManager

__all__ = ["ServerAccess", "ServerKind", "ServerManager"]
