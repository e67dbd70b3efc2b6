"""What happens to a plan, and what each event changes."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.plan.progress import Progress, StepStatus, resumed

if TYPE_CHECKING:
    from domain.plan.aggregate import Plan


class Event(Aggregate.Event):
    """What happened to a plan."""


class Proposed(Aggregate.Created):
    """A plan was computed. Secrets of its manifest are sealed elsewhere."""

    account_id: str
    name: str
    type: str
    options: dict[str, Any]
    base_position: int
    steps: list[dict[str, Any]]
    sealed_id: str | None

    def apply(self, aggregate: "Plan") -> None:
        aggregate.type = self.type
        aggregate.options = self.options
        aggregate.sealed_id = self.sealed_id
        aggregate.copied_id = None
        aggregate.resources = []
        aggregate.paused = []
        aggregate.status = "proposed"
        aggregate.status_reason = None
        aggregate.set_steps(self.base_position, self.steps)


class Refreshed(Event):
    """It was computed again."""

    base_position: int
    steps: list[dict[str, Any]]

    def apply(self, aggregate: "Plan") -> None:
        aggregate.set_steps(self.base_position, self.steps)


class ApplyRequested(Event):
    """It is to be carried out, or continued. Until it ends, others cannot change its resources, and groups pause."""

    class_version = 2

    resources: list[str]
    copied_id: str | None
    paused: list[str]

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add that no scaling group paused."""
        payload["paused"] = []

    def apply(self, aggregate: "Plan") -> None:
        aggregate.paused = self.paused
        aggregate.resources = self.resources
        aggregate.copied_id = self.copied_id
        aggregate.progress = resumed(aggregate.steps, aggregate.progress)
        aggregate.status = "applying"
        aggregate.status_reason = None


class StepStarted(Event):
    """The command of a step was accepted; ``event_position`` is that of its last event."""

    step: str
    resource_id: str
    event_position: int

    def apply(self, aggregate: "Plan") -> None:
        aggregate.progress = {
            **aggregate.progress,
            self.step: Progress(StepStatus.STARTED, resource_id=self.resource_id, started_at=self.timestamp),
        }
        if self.resource_id not in aggregate.resources:
            aggregate.resources = [*aggregate.resources, self.resource_id]
        aggregate.status_reason = None


class StepCompleted(Event):
    """The resource of a step is as it should be."""

    step: str

    def apply(self, aggregate: "Plan") -> None:
        aggregate.progress = {
            **aggregate.progress,
            self.step: replace(aggregate.progress[self.step], status=StepStatus.COMPLETED, reason=None),
        }


class StepFailed(Event):
    """A step was refused, or its resource has failed."""

    step: str
    reason: str

    def apply(self, aggregate: "Plan") -> None:
        aggregate.progress = {
            **aggregate.progress,
            self.step: replace(aggregate.progress[self.step], status=StepStatus.FAILED, reason=self.reason),
        }


class Delayed(Event):
    """It cannot be continued at the moment."""

    reason: str

    def apply(self, aggregate: "Plan") -> None:
        aggregate.status_reason = self.reason


class Applied(Event):
    """Every step is completed."""

    def apply(self, aggregate: "Plan") -> None:
        aggregate.end("applied")


class Failed(Event):
    """Steps have failed; those that need them were skipped, all others are completed."""

    reason: str
    skipped: list[str]

    def apply(self, aggregate: "Plan") -> None:
        skipped = {
            id_: Progress(StepStatus.SKIPPED, "a step that it needs has failed") for id_ in self.skipped
        }
        aggregate.progress = {**aggregate.progress, **skipped}
        aggregate.end("failed", self.reason)


class Cancelled(Event):
    """No further step is started."""

    reason: str | None

    def apply(self, aggregate: "Plan") -> None:
        aggregate.end("cancelled", self.reason)
