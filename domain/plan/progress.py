"""How far the steps of a plan are, and which one may start next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.plan.step import Action, Step


class StepStatus(StrEnum):
    """How far a step is."""

    PENDING = "pending"
    STARTED = "started"
    """Its command was accepted; the resource has not settled yet."""
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """A step that it needs has failed, or nothing can be done."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step is."""

    status: StepStatus = StepStatus.PENDING
    reason: str | None = None
    resource_id: str | None = None
    """The resource that its command changed or created."""
    started_at: datetime | None = None
    """When its command was accepted; again when a failed plan is continued."""


def initial(steps: Iterable[Step]) -> dict[str, Progress]:
    """Return the progress before the first step: what has no command is skipped."""
    return {step.id: _skipped(step) if step.action is Action.CANNOT else Progress() for step in steps}


def resumed(steps: Iterable[Step], progress: Mapping[str, Progress]) -> dict[str, Progress]:
    """Return the progress with which a failed plan is continued: what is completed stays."""
    fresh = initial(steps)
    return {
        id_: known if known.status is StepStatus.COMPLETED else fresh[id_] for id_, known in progress.items()
    }


def startable(steps: Iterable[Step], progress: Mapping[str, Progress]) -> list[Step]:
    """Return the steps that may start now: all steps that they need are completed."""
    return [
        step
        for step in steps
        if progress[step.id].status is StepStatus.PENDING
        and all(progress[need].status is StepStatus.COMPLETED for need in step.needs)
    ]


def _skipped(step: Step) -> Progress:
    return Progress(StepStatus.SKIPPED, step.reason or None)
