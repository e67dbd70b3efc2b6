"""Keeps a container for every instance.

``manager`` reconciles · ``exit_history`` knows from the engine's events how programs ended.
"""

from miniaws.application import Cloud
from miniaws.process_managers.instance.manager import InstanceManager as InstanceManager


def create_manager(cloud: Cloud) -> InstanceManager:
    """Return what reconciles containers with instances."""
    return InstanceManager(cloud, cloud.ports.containers)
