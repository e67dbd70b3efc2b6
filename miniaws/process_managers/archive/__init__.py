"""Keeps the archive of every database.

``manager`` reconciles · ``due`` says when a backup is due, and what is reported when the log is late.
"""

from miniaws.application import Cloud
from miniaws.process_managers.archive.manager import ArchiveManager as ArchiveManager


def create_manager(cloud: Cloud) -> ArchiveManager:
    """Return what reconciles archives with databases."""
    return ArchiveManager(cloud, cloud.ports.containers, cloud.ports.volumes, cloud.ports.archives)
