"""Keeps copies of volumes for every snapshot.

``manager`` reconciles · ``offsite_copies`` reports on copies at targets.
"""

from miniaws.application import Cloud
from miniaws.process_managers.snapshot.manager import SnapshotManager as SnapshotManager


def create_manager(cloud: Cloud) -> SnapshotManager:
    """Return what reconciles copies with snapshots."""
    return SnapshotManager(cloud, cloud.ports.copies)
