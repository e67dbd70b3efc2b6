"""The plan resource: it is proposed, applied, and reports what became of each step.

Rules
-----
* A proposed plan changes nothing, and can be computed again.
* A plan that is not applied expires, which erases the secrets that it keeps; so does a failed one.
* While it is applied, nobody else changes its resources. It lets go of them when it ends, whatever the end is.
* Scaling groups that it changes, or that need what it changes, pause until it ends.
* A step starts when all steps that it needs are completed. One that fails stops those that need it, and no other.
* A step whose resource does not settle in time fails (``domain/plan/patience.py``).
* A failed plan is continued by applying it again: completed steps are not repeated.
* A cancelled plan starts no further step. What was started is not taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from domain.aggregate import Aggregate, Claim
from domain.plan import events
from domain.plan.errors import PlanEnded
from domain.plan.holding import holding_claims
from domain.plan.progress import Progress, StepStatus, initial, startable
from domain.plan.step import Step

KEPT = timedelta(hours=24)
"""How long a proposed or failed plan can be applied."""
_COPYING = frozenset({"restore_from_archive"})
"""Commands that leave the resource that they are about as it is."""
OPEN = frozenset({"proposed", "applying", "failed"})
"""A plan with one of these statuses can still be applied."""


class Plan(Aggregate):
    """One plan."""

    PREFIX = "plan"

    type: str
    options: dict[str, Any]
    base_position: int
    """The position of the estate that it was computed from."""
    steps: tuple[Step, ...]
    progress: dict[str, Progress]
    """By the id of the step."""
    resources: list[str]
    """What others cannot change while it is applied, by public id."""
    paused: list[str]
    """The scaling groups that pause while it is applied, by public id."""
    sealed_id: str | None
    """Where the secrets of its manifest are."""
    copied_id: str | None
    """Where the secrets that its steps copy from other resources are."""
    status: str
    status_reason: str | None

    Event = events.Event
    Proposed = events.Proposed
    Refreshed = events.Refreshed
    ApplyRequested = events.ApplyRequested
    StepStarted = events.StepStarted
    StepCompleted = events.StepCompleted
    StepFailed = events.StepFailed
    Delayed = events.Delayed
    Applied = events.Applied
    Failed = events.Failed
    Cancelled = events.Cancelled

    @classmethod
    def propose(
        cls,
        account_id: str,
        name: str,
        options: Mapping[str, Any],
        steps: Iterable[Step],
        *,
        base_position: int,
        sealed_id: UUID | None = None,
    ) -> Self:
        """Record what was computed; ``options`` have its ``type``."""
        plan = cls._create(
            cls.Proposed,
            account_id=account_id,
            name=name,
            type=options["type"],
            options=dict(options),
            base_position=base_position,
            steps=[step.as_json() for step in steps],
            sealed_id=None if sealed_id is None else str(sealed_id),
        )
        plan.conditions.claims += plan.held_claims()
        return plan

    def refresh(self, steps: Iterable[Step], base_position: int) -> None:
        """Replace the steps of a proposed plan. Raises PlanEnded."""
        self.refuse_if_ended("refresh")
        if self.status != "proposed":
            raise PlanEnded(
                f"cannot refresh plan {self.name}: some of its steps were started; apply it again to continue, or "
                "propose a new plan"
            )
        self.trigger_event(
            self.Refreshed, base_position=base_position, steps=[step.as_json() for step in steps]
        )

    def carry_out(self, copied_id: UUID | None = None, paused: Iterable[str] = ()) -> None:
        """Request that it is carried out, or continued; may be repeated. Raises PlanEnded.

        ``copied_id`` is where the secrets are that its steps copy; ``paused`` are the scaling groups that pause. Saving
        fails while another plan changes one of its resources.
        """
        self.refuse_if_ended("apply")
        if self.status == "applying":
            return
        changed = [
            step.identity.id
            for step in self.steps
            if step.identity is not None and step.command not in {None, *_COPYING}
        ]
        resources = dict.fromkeys([*self.resources, *changed])
        self.trigger_event(
            self.ApplyRequested,
            resources=list(resources),
            copied_id=self.copied_id if copied_id is None else str(copied_id),
            paused=sorted(paused),
        )
        self.conditions.claims += self._holding()

    def cancel(self, reason: str | None = None) -> None:
        """Start no further step; may be repeated. Raises PlanEnded when it was applied."""
        if self.status == "cancelled":
            return
        self.refuse_if_ended("cancel")
        self._release()
        self.trigger_event(self.Cancelled, reason=reason)

    def report_step_started(self, step: str, resource_id: str, event_position: int) -> None:
        """Record that the command of a step was accepted."""
        if self.status != "applying" or self.progress[step].status is not StepStatus.PENDING:
            return
        if resource_id not in self.resources:
            self.conditions.claims += holding_claims(resource_id, self.id, self.public_id, self.name)
        self.trigger_event(
            self.StepStarted, step=step, resource_id=resource_id, event_position=event_position
        )

    def report_step_completed(self, step: str) -> None:
        """Record that the resource of a step is as it should be."""
        if self.status == "applying" and self.progress[step].status is StepStatus.STARTED:
            self.trigger_event(self.StepCompleted, step=step)

    def report_step_failed(self, step: str, reason: str) -> None:
        """Record why a step was refused, or why its resource has failed."""
        if self.status == "applying" and self.progress[step].status in {
            StepStatus.PENDING,
            StepStatus.STARTED,
        }:
            self.trigger_event(self.StepFailed, step=step, reason=reason)

    def report_failed(self, reason: str) -> None:
        """Record why it cannot be continued at the moment; once per reason."""
        if self.status == "applying" and reason != self.status_reason:
            self.trigger_event(self.Delayed, reason=reason)

    def report_image_awaited(self, reason: str) -> None:
        """Record which image it waits for; once per reason."""
        self.report_failed(reason)

    def report_finished(self) -> None:
        """Record that no step is left that could be started, and what became of all of them."""
        if self.status != "applying":
            return
        failed = [id_ for id_, each in self.progress.items() if each.status is StepStatus.FAILED]
        skipped = [id_ for id_, each in self.progress.items() if each.status is StepStatus.PENDING]
        if failed or skipped:
            self._release(is_final=False)
            total = sum(step.command is not None for step in self.steps)
            reason = f"{len(failed)} of {total} steps failed"
            self.trigger_event(self.Failed, reason=reason, skipped=skipped)
        else:
            self._release()
            self.trigger_event(self.Applied)

    def expires_at(self) -> datetime | None:
        """Return when it is cancelled unless it is applied; None when it is not waiting for that."""
        return self.modified_on + KEPT if self.status in {"proposed", "failed"} else None

    def startable(self) -> list[Step]:
        """Return the steps that may start now."""
        return startable(self.steps, self.progress) if self.status == "applying" else []

    def started(self) -> list[Step]:
        """Return the steps whose resources have not settled yet."""
        return [step for step in self.steps if self.progress[step.id].status is StepStatus.STARTED]

    def held_claims(self) -> list[Claim]:
        """Return its name, and while it is applied, its resources."""
        return [self.name_claim(), *(self._holding() if self.status == "applying" else [])]

    def held_secrets(self) -> list[UUID]:
        """Return where the secrets of its manifest and of its steps are, until it ends."""
        if self.status not in OPEN:
            return []
        return [UUID(each) for each in (self.sealed_id, self.copied_id) if each is not None]

    def refuse_if_ended(self, what: str) -> None:
        """Raise PlanEnded."""
        if self.status not in OPEN:
            raise PlanEnded(f"cannot {what} plan {self.name}: it was {self.status}; propose a new one")

    def set_steps(self, base_position: int, steps: Sequence[Mapping[str, Any]]) -> None:
        """Set what was computed. For appliers."""
        self.base_position = base_position
        self.steps = tuple(Step.of(each) for each in steps)
        self.progress = initial(self.steps)

    def end(self, status: str, reason: str | None = None) -> None:
        """Set the last status and its reason. For appliers."""
        self.status = status
        self.status_reason = reason

    def _holding(self) -> list[Claim]:
        return [
            claim
            for each in self.resources
            for claim in holding_claims(each, self.id, self.public_id, self.name)
        ]

    def _release(self, *, is_final: bool = True) -> None:
        if self.status == "applying":
            self.conditions.releases += self._holding()
        if is_final:
            self.conditions.erases += self.held_secrets()
