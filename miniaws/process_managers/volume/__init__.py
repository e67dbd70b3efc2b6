"""Keeps a volume of the engine for every volume.

``manager`` reconciles · ``schedule`` takes and deletes scheduled snapshots.
"""

from miniaws.application import Cloud
from miniaws.process_managers.volume.manager import VolumeManager as VolumeManager


def create_manager(cloud: Cloud) -> VolumeManager:
    """Return what reconciles volumes of the engine with volumes."""
    return VolumeManager(cloud, cloud.ports.volumes, cloud.ports.copies)
