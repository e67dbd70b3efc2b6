"""Who may change a resource while a plan is applied: only the plan, and the process managers.

The plan holds a claim in ``planned_scope`` of each of its resources. Every save that a user asks for requires that
these scopes are empty, in the transaction that writes it.
"""

from uuid import UUID

from domain.aggregate import Claim
from domain.watch import watch_scope

PLANNED_PREFIX = "planned/"
_HOLDER = "plan"


def planned_scope(resource_id: str) -> str:
    """Return the scope that is empty unless a plan changes the resource; the note of its claim names the plan."""
    return f"{PLANNED_PREFIX}{resource_id}"


def holding_claims(resource_id: str, plan_id: UUID, public_id: str, name: str) -> list[Claim]:
    """Return the claims with which a plan keeps others from changing a resource, and is woken by its events."""
    return [
        Claim(planned_scope(resource_id), _HOLDER, plan_id, name),
        Claim(watch_scope(resource_id), f"plan/{public_id}", plan_id),
    ]
