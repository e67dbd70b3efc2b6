"""Carries out the steps of plans that are applied, by the actions of ``domain.plan.convergence``.

A step is started by the command of its resource, and is completed once the resource has settled. The events of the
resources wake the plan. Dying between a command and its report is harmless: the idempotency key of the step makes the
repeated command return what the first one did.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from domain.aggregate import Aggregate
from domain.errors import PortError, Unavailable
from domain.plan import Plan, Step
from domain.plan.convergence import NextAction, Outcome, SeenResource, next_action, outcome
from domain.plan.kinds.words import duration
from domain.plan.patience import deadline, patience
from domain.plan.progress import StepStatus
from domain.scaling_group import ScalingGroup
from domain.scaling_group.outdated import why_not_refreshed
from domain.values import parse_id
from miniaws.application import Cloud, UnitOfWork
from miniaws.commands.plan.pausing import end_pauses
from miniaws.process_managers.plan.steps import Rejected, cause_of, start
from miniaws.runtime.reconciler import PASS_S, Reconciler, ReconcileResult, failure, stable_reason

_REPAIR_S = 2.0
_EXPIRED = "it was not applied within 24 hours"

_UNDER_WAY = frozenset({Outcome.SETTLING, Outcome.FAILING})

Seen = Mapping[str, tuple[Outcome, str]]
"""What became of each step that was started, and why; by the id of the step."""


class PlanManager:
    """Reconciles resources with plans."""

    kind = Plan.KIND
    timeout_s = PASS_S

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        limit_s = cloud.settings.plan_step_s
        self._limit = None if limit_s is None else timedelta(seconds=limit_s)
        self._reconciler = Reconciler(
            cloud,
            Plan,
            observe=self._observe,
            next_action=self._next_action,
            carry_out=self._carry_out,
            resting={
                NextAction.NOTHING: None,
                NextAction.WAIT_FOR_REPAIR: _REPAIR_S,
            },
            failure=_failure,
        )

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one plan. Raises Unavailable, which is reported, when a command has to be repeated later."""
        try:
            return await self._reconciler.reconcile(resource_id)
        except Unavailable as error:
            reason = str(error)
            await self._cloud.report(
                Plan, resource_id, self._reconciler.cause, lambda plan: plan.report_failed(reason)
            )
            raise

    async def _observe(self, plan: Plan) -> Seen:
        if plan.status != "applying":
            return {}
        return {step.id: await self._became(step, plan) for step in plan.started()}

    async def _became(self, step: Step, plan: Plan) -> tuple[Outcome, str]:
        parsed = parse_id(plan.progress[step.id].resource_id or "")
        resource = None if parsed is None else await self._cloud.ports.store.load(parsed[1])
        seen = None if resource is None else _seen(step, resource)
        why = "the resource is gone" if seen is None else seen.reason or f"the resource is {seen.status}"
        now = self._cloud.ports.clock.now()
        found = outcome(step, seen, now)
        if found in _UNDER_WAY and now >= deadline(plan, step, self._limit):
            waited = duration(patience(step, self._limit).total_seconds())
            return (
                Outcome.FAILED,
                f"it has not settled within {waited}: {why}; apply the plan again to wait longer",
            )
        return found, why

    def _next_action(self, plan: Plan, seen: Seen) -> NextAction:
        outcomes = {id_: found for id_, (found, _) in seen.items()}
        return next_action(plan, outcomes, self._cloud.ports.clock.now())

    async def _carry_out(self, action: NextAction, plan: Plan, seen: Seen) -> ReconcileResult | None:
        match action:
            case NextAction.WAIT_TO_EXPIRE:
                return self._until_it_expires(plan)
            case NextAction.WAIT:
                return self._until_a_deadline(plan)
            case NextAction.START:
                await self._start(plan)
            case NextAction.REPORT:
                await self._reconciler.report(plan, lambda found: _report(found, seen))
            case NextAction.EXPIRE:
                await self._reconciler.report(plan, _expire)
            case _:
                await self._finish(plan)
        return None

    async def _start(self, plan: Plan) -> None:
        """Start every step that may start. Each is reported at once: the next one may take long."""
        cause = await cause_of(self._cloud, plan)
        for step in plan.startable():
            started = await start(self._cloud, plan, step, cause)
            if isinstance(started, Rejected):
                await self._report_failed(plan, step, started.reason)
            else:
                await self._report_started(plan, step, started.resource_id, started.position)

    async def _report_started(self, plan: Plan, step: Step, resource_id: str, position: int) -> None:
        await self._reconciler.report(
            plan, lambda found: found.report_step_started(step.id, resource_id, position)
        )

    async def _report_failed(self, plan: Plan, step: Step, reason: str) -> None:
        await self._reconciler.report(plan, lambda found: found.report_step_failed(step.id, reason))

    async def _finish(self, plan: Plan) -> None:
        async def work(unit: UnitOfWork) -> None:
            found = await unit.load(Plan, plan.public_id)
            found.report_finished()
            await end_pauses(unit, found)

        await self._reconciler.transact(plan, work)

    def _until_a_deadline(self, plan: Plan) -> ReconcileResult:
        """Wait for events of the resources, which wake the plan, and no longer than for any step."""
        soonest = min(deadline(plan, step, self._limit) for step in plan.started())
        left = (soonest - self._cloud.ports.clock.now()).total_seconds()
        return ReconcileResult(NextAction.WAIT.value, max(0.0, left))

    def _until_it_expires(self, plan: Plan) -> ReconcileResult:
        expires_at = plan.expires_at()
        left = (expires_at - self._cloud.ports.clock.now()).total_seconds() if expires_at else 0.0
        return ReconcileResult(NextAction.WAIT_TO_EXPIRE.value, max(1.0, left))


def _seen(step: Step, resource: Aggregate) -> SeenResource:
    if step.command == "refresh" and isinstance(resource, ScalingGroup):
        # The group is available all the time.
        if (why := why_not_refreshed(resource)) is not None:
            return SeenResource("error", why, resource.modified_on)
        if resource.refreshing is not None:
            return SeenResource("modifying", "its instances are being replaced", resource.modified_on)
    return SeenResource(
        getattr(resource, "status", ""), getattr(resource, "status_reason", None), resource.modified_on
    )


def _report(plan: Plan, seen: Seen) -> None:
    for id_, (found, why) in seen.items():
        if plan.progress[id_].status is not StepStatus.STARTED:
            continue
        if found is Outcome.COMPLETED:
            plan.report_step_completed(id_)
        elif found is Outcome.FAILED:
            plan.report_step_failed(id_, why)


def _expire(plan: Plan) -> None:
    if plan.expires_at() is not None:
        plan.cancel(_EXPIRED)


def _failure(error: PortError) -> Callable[[Plan], None]:
    return failure(error, stable_reason(error))
