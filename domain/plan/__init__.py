"""Plans: the difference between a desired estate and the current one, as ordered steps.

``apply``, ``rewind``, ``undo`` and ``fork`` differ in where the desired estate comes from. What follows is the same:
the difference is computed here, shown, and carried out with the commands that users have.
"""

from domain.plan.aggregate import Plan
from domain.plan.errors import BeingPlanned, PlanEnded, PlanStale
from domain.plan.estate import Estate, Identity, Key, Resource, estate
from domain.plan.step import Action, Step

__all__ = [
    "Action",
    "BeingPlanned",
    "Estate",
    "Identity",
    "Key",
    "Plan",
    "PlanEnded",
    "PlanStale",
    "Resource",
    "Step",
    "estate",
]
