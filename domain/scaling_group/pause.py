"""Pauses: while a plan changes a group or what it needs, the group decides nothing by itself.

Nobody has to remember a pause: it begins and ends in the same transactions as the plan.
"""

from domain.scaling_group.aggregate import ScalingGroup


def pause(group: ScalingGroup, plan: str) -> None:
    """Begin a pause for the plan of this name; may be repeated."""
    if not group.is_deleting and plan not in group.paused_by:
        group.trigger_event(group.Paused, plan=plan)


def end_pause(group: ScalingGroup, plan: str) -> None:
    """End the pause for a plan; may be repeated."""
    if group.status != "deleted" and plan in group.paused_by:
        group.trigger_event(group.PauseEnded, plan=plan)
