"""Keeps the server of every database.

``restore`` and ``copy`` make its files before its server starts · ``manager`` uses the server ·
``replicas`` has replicas follow their source.
"""

from miniaws.process_managers.database.manager import create_manager as create_manager
