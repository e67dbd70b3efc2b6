"""What to do next for a plan that is applied, from what became of the resources of the steps that were started."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.plan.aggregate import Plan
from domain.plan.step import Step
from domain.status import SETTLING, USABLE

_REMOVING = frozenset({"delete", "terminate", "purge"})
_GONE = frozenset({"deleted", "terminated", "trashed"})
_PATIENCE = timedelta(seconds=10)
"""For so long an error may heal by itself, such as an engine that is busy."""


@dataclass(frozen=True, slots=True)
class SeenResource:
    """The resource of a step that was started."""

    status: str
    reason: str | None
    changed_at: datetime


class Outcome(StrEnum):
    """What became of a step that was started."""

    SETTLING = "settling"
    FAILING = "failing"
    """It has failed just now; the next attempt may succeed."""
    FAILED = "failed"
    COMPLETED = "completed"


class NextAction(StrEnum):
    """What to do next for a plan."""

    NOTHING = "has nothing to do"
    WAIT = "waits for its resources"
    WAIT_FOR_REPAIR = "waits for a resource that has failed"
    WAIT_TO_EXPIRE = "waits to be applied"
    EXPIRE = "cancel it, as it was not applied"
    REPORT = "report what became of its resources"
    START = "start steps"
    FINISH = "end it"


def outcome(step: Step, seen: SeenResource | None, now: datetime) -> Outcome:
    """Return what became of a step whose command was accepted."""
    if seen is None:
        return Outcome.FAILED
    if step.command in _REMOVING and seen.status in _GONE:
        return Outcome.COMPLETED
    if seen.status == "error":
        return Outcome.FAILING if now - seen.changed_at < _PATIENCE else Outcome.FAILED
    if step.command in _REMOVING or (seen.status in SETTLING and seen.status not in USABLE):
        return Outcome.SETTLING
    return Outcome.FAILED if seen.status in _GONE else Outcome.COMPLETED


def next_action(plan: Plan, outcomes: Mapping[str, Outcome], now: datetime) -> NextAction:
    """Return what to do next; ``outcomes`` are those of the steps that were started."""
    if (expires_at := plan.expires_at()) is not None:
        return NextAction.EXPIRE if now >= expires_at else NextAction.WAIT_TO_EXPIRE
    if plan.status != "applying":
        return NextAction.NOTHING
    found = set(outcomes.values())
    if found & {Outcome.COMPLETED, Outcome.FAILED}:
        return NextAction.REPORT
    if plan.startable():
        return NextAction.START
    if Outcome.FAILING in found:
        return NextAction.WAIT_FOR_REPAIR
    return NextAction.WAIT if found else NextAction.FINISH
