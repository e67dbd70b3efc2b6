"""What may be wrong with a plan, and with what a plan changes."""

from domain.errors import Conflict


class BeingPlanned(Conflict):
    """cannot change a resource that a plan is changing"""

    code = "being_planned"


class PlanStale(Conflict):
    """cannot apply a plan: what it would change has changed since it was computed"""

    code = "plan_stale"


class PlanEnded(Conflict):
    """cannot apply or change a plan that has been applied or cancelled"""

    code = "plan_ended"
