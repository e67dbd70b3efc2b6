"""Commands for plans.

``bodies`` the inputs · ``computing`` a plan from ``estates``, those of the ``past``, and ``facts`` · ``secrets`` that
are sealed with it · ``verbs`` the commands of its steps · ``pausing`` of scaling groups.
"""

from typing import Any

import orjson

from domain.plan import BeingPlanned, Plan, PlanStale, Step
from domain.plan.holding import PLANNED_PREFIX
from domain.store import ClaimTaken, RequirementMissing
from domain.values import must
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands.plan import estates, pausing, secrets
from miniaws.commands.plan.bodies import AnyPlan as AnyPlan
from miniaws.commands.plan.bodies import ApplyPlan as ApplyPlan
from miniaws.commands.plan.computing import Computed, compute, compute_again, current_position, encoded
from miniaws.commands.plan.manifest import ManifestResource as ManifestResource

_SHORT = 8


async def propose(cloud: Cloud, request: Request, asked: AnyPlan) -> Saved:
    """Compute a plan and keep it; nothing else changes. Raises Invalid, Unavailable."""
    await cloud.refuse_repeated(request)
    if isinstance(asked, ApplyPlan) and asked.prune and asked.set is None:
        raise must("set", "be given when `prune` is true")
    computed = await compute(cloud, request.cause.account_id, asked)

    async def work(unit: UnitOfWork) -> None:
        sealed_id = unit.seal(encoded(computed.secrets)) if computed.secrets else None
        name = f"{asked.type}-{cloud.ports.random.uuid().hex[:_SHORT]}"
        unit.add(
            Plan.propose(
                unit.account_id,
                name,
                computed.options,
                computed.steps,
                base_position=computed.base_position,
                sealed_id=sealed_id,
            )
        )

    return await cloud.transact(request, work)


async def refresh(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Compute a proposed plan again. Raises NotFound, PlanEnded, Unavailable."""
    await cloud.refuse_repeated(request)
    plan = await cloud.load(Plan, request.cause.account_id, id_or_name)
    plan.refuse_if_ended("refresh")
    computed = await compute_again(cloud, plan.account_id, plan.options)
    return await cloud.change(
        request, Plan, plan.public_id, lambda found: found.refresh(computed.steps, computed.base_position)
    )


async def apply(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Carry a plan out, or continue one that has failed. Raises NotFound, PlanEnded, PlanStale, BeingPlanned."""
    await cloud.refuse_repeated(request)
    plan = await cloud.load(Plan, request.cause.account_id, id_or_name)
    plan.refuse_if_ended("apply")
    if plan.status == "proposed":
        _refuse_if_stale(plan, await compute_again(cloud, plan.account_id, plan.options))
    copied = await _copied(cloud, plan)
    current = await estates.at_position(cloud, plan.account_id, await current_position(cloud))
    concerned = pausing.concerned(plan, current)

    async def work(unit: UnitOfWork) -> None:
        found = await unit.load(Plan, plan.public_id)
        found.carry_out(unit.seal(encoded(copied)) if copied and found.copied_id is None else None, concerned)
        await pausing.pause_groups(unit, found)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if isinstance(conflict, ClaimTaken) and conflict.claim.scope.startswith(PLANNED_PREFIX):
            raise BeingPlanned(
                f"cannot apply plan {plan.name}: the plan {conflict.claim.note} changes "
                f"{conflict.claim.scope.removeprefix(PLANNED_PREFIX)}; wait until that plan has ended, or cancel it",
                plan=conflict.claim.note,
            ) from None
        raise conflict

    return await cloud.transact(pausing.as_plan(request, plan), work, recover)


async def cancel(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Discard a plan, or start no further step of one that is applied. Raises NotFound, PlanEnded."""
    plan = await cloud.load(Plan, request.cause.account_id, id_or_name)

    async def work(unit: UnitOfWork) -> None:
        found = await unit.load(Plan, plan.public_id)
        found.cancel()
        await pausing.end_pauses(unit, found)

    return await cloud.transact(pausing.as_plan(request, plan), work)


def _refuse_if_stale(plan: Plan, now: Computed) -> None:
    # Versions and positions change when a resource reports that it is healthy: what counts is what would be done.
    steps = [_essence(step) for step in now.steps]
    if [_essence(step) for step in plan.steps] == steps:
        return
    raise PlanStale(
        f"cannot apply plan {plan.name}: what it would change has changed since it was computed; look at the "
        f"difference as it is now, and refresh the plan",
        steps=steps,
    )


def _essence(step: Step) -> dict[str, Any]:
    """Return what a step does, as JSON has it, without the versions that it was computed from."""
    stored = step.as_json()
    shown = ("id", "action", "command", "before", "after", "data", "reason", "needs")
    resource = {**stored["key"], "id": step.identity and step.identity.id}
    return orjson.loads(orjson.dumps({**{name: stored[name] for name in shown}, "resource": resource}))


async def _copied(cloud: Cloud, plan: Plan) -> dict[str, Any]:
    """Return the secrets that steps copy from resources which may be gone when the steps are started."""
    if plan.copied_id is not None:
        return {}
    return {
        step.id: await secrets.of_resource(cloud, step.secrets_from)
        for step in plan.steps
        if step.secrets_from is not None and secrets.holds_kept(step.body)
    }
