"""Scaling groups pause while a plan changes them or what they need; they know by the plan's own transactions."""

from dataclasses import replace

from domain.plan import Estate, Plan
from domain.plan.kinds import KINDS
from domain.scaling_group import ScalingGroup
from domain.scaling_group.pause import end_pause, pause
from miniaws.application import Request, UnitOfWork


def concerned(plan: Plan, current: Estate) -> list[str]:
    """Return the scaling groups that a plan changes, or that refer to what it changes, by public id."""
    changed = {step.key for step in plan.steps if step.command is not None}
    kind = KINDS[ScalingGroup.KIND]
    return [
        resource.identity.id
        for key, resource in current.items()
        if key.kind == ScalingGroup.KIND
        and resource.identity is not None
        and changed & {key, *kind.references(resource)}
    ]


async def pause_groups(unit: UnitOfWork, plan: Plan) -> None:
    """Pause them, with the request to carry the plan out."""
    for each in plan.paused:
        pause(await unit.load(ScalingGroup, each), plan.name)


async def end_pauses(unit: UnitOfWork, plan: Plan) -> None:
    """End their pauses, with the end of the plan."""
    for each in plan.paused:
        end_pause(await unit.load(ScalingGroup, each), plan.name)


def as_plan(request: Request, plan: Plan) -> Request:
    """Return the request with the right of a plan: another plan may change a group that pauses."""
    return replace(request, plan_id=plan.id)
