"""How long a step may take: one that has not settled by then has failed, and others do not wait for it."""

from datetime import datetime, timedelta

from domain.plan.aggregate import Plan
from domain.plan.step import Step

USUAL = timedelta(minutes=15)
COPYING = timedelta(hours=6)
"""For commands that copy data first, or replace many instances a few at a time."""
_COPIES = frozenset({"restore_from_archive", "restore_in_place", "restore_from_snapshot", "refresh"})


def patience(step: Step, limit: timedelta | None) -> timedelta:
    """Return how long a step may take; ``limit`` is that of the installation, if it has one."""
    if limit is not None:
        return limit
    copies = step.command in _COPIES or step.body.get("final_backup") or step.body.get("replica_of")
    return COPYING if copies else USUAL


def deadline(plan: Plan, step: Step, limit: timedelta | None) -> datetime:
    """Return until when a step that was started has to be completed."""
    return (plan.progress[step.id].started_at or plan.modified_on) + patience(step, limit)
