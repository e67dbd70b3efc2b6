"""Carries plans out.

``manager`` the passes · ``steps`` the command of a step, and who asked for it.
"""

from miniaws.application import Cloud
from miniaws.process_managers.plan.manager import PlanManager


def create_manager(cloud: Cloud) -> PlanManager:
    """Return what carries plans out."""
    return PlanManager(cloud)
