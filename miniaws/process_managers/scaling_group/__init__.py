"""Keeps as many instances of a scaling group as are desired.

observe its instances      -> report their states -> plan: launch, end
read their metrics         -> decide by the policies -> report

A launch is one save of the group's event and the instance's: an instance exists and its group knows it, or neither.

This manager does not use ``runtime/reconciler``: it calls no port, so there is no failure of one to report. What it
reconciles are other aggregates, and one pass makes two plans, before and after the policies have decided.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.scaling_group import ScalingGroup, plan
from domain.scaling_group.member import SeenInstance
from domain.scaling_group.policies import Scheduled
from domain.store import Cause
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.process_managers.scaling_group.launch import Launching
from miniaws.process_managers.scaling_group.measure import ends, next_end, readings
from miniaws.process_managers.scaling_group.observe import attached, failing, observe
from miniaws.runtime.queue import manager_of
from miniaws.runtime.reconciler import PASS_S, ReconcileResult

_CAUSE = Cause(actor=manager_of(ScalingGroup.KIND), account_id="")
_MOST_AT_ONCE = 10
"""Launches per pass; the next pass follows at once."""
_SETTLING_S = 0.5
_STEADY_S = 5.0
"""Events of its instances and load balancers wake a group; this is for what only time changes."""


class ScalingGroupManager:
    """Reconciles instances with groups."""

    kind = ScalingGroup.KIND
    timeout_s = PASS_S

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._launching = Launching(cloud, _CAUSE)
        # The periods that policies decided on last. Deciding again has the same result.
        self._asked: dict[UUID, tuple[object, ...]] = {}

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one group."""
        group = await self._cloud.load_by_id(ScalingGroup, resource_id)
        if group.status == "deleted":
            self._asked.pop(resource_id, None)
            return ReconcileResult("is deleted")
        now = self._cloud.ports.clock.now()
        observed = await observe(self._cloud, group)
        group = await self._report(group, observed, now)
        if group.is_deleting and not group.members:
            return await self._delete(group)
        done = await self._carry_out(group, now)
        if decided := await self._scale(resource_id, now):
            group = await self._cloud.load_by_id(ScalingGroup, resource_id)
            done += [*decided, *await self._carry_out(group, now)]
        group = await self._cloud.load_by_id(ScalingGroup, resource_id)
        settling = bool(done) or any(m.is_leaving or not m.serves for m in group.members.values())
        delay_s = _SETTLING_S if settling else _STEADY_S
        return ReconcileResult(", ".join(done) or _present(group), min(delay_s, self._next_s(group)))

    async def _delete(self, group: ScalingGroup) -> ReconcileResult:
        """Report the end, and remove the selectors of its attachments from load balancers in the same save."""

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(ScalingGroup, group.public_id)
            balancers = await attached(self._cloud, current)
            unit.add(*balancers)
            for attachment in current.attachments:
                selector_id = attachment.selector(current.public_id).id
                for balancer in balancers:
                    if (
                        balancer.public_id == attachment.load_balancer_id
                        and selector_id in balancer.selectors
                    ):
                        balancer.unselect(selector_id)
            current.report_deleted()

        await self._cloud.transact(Request(replace(_CAUSE, account_id=group.account_id)), work)
        return ReconcileResult("is deleted")

    async def _report(
        self, group: ScalingGroup, observed: Mapping[str, SeenInstance], now: datetime
    ) -> ScalingGroup:
        """Report the states of its instances, and what follows for a refresh and for the group."""

        def decide(found: ScalingGroup) -> None:
            found.observe(observed, now, judges=not found.is_suspended("health"))
            found.follow_refresh()
            found.report_state(failing(found, observed))
            found.apply_schedules(now)

        return await self._cloud.report(ScalingGroup, group.id, _CAUSE, decide)

    async def _carry_out(self, group: ScalingGroup, now: datetime) -> list[str]:
        steps = plan(group, now)
        done = [
            f"ended {group.members[release.instance_id].name}: {release.reason}"
            for release in steps.releases
            if await self._launching.end(group, release, now)
        ]
        for _ in range(min(steps.launches, _MOST_AT_ONCE)):
            name = await self._launching.launch(group, now)
            if name is None:
                break
            done.append(f"launched {name}")
        return done

    async def _scale(self, resource_id: UUID, now: datetime) -> list[str]:
        """Decide by the policies, once per period."""
        group = await self._cloud.load_by_id(ScalingGroup, resource_id)
        if not group.dynamic or group.is_deleting:
            return []
        periods = (ends(group, now), group.version if group.last_reason is None else None)
        if self._asked.get(resource_id) == periods:
            return []
        found = await readings(self._cloud, group, now)
        before = group.size.desired
        group = await self._cloud.report(
            ScalingGroup, resource_id, _CAUSE, lambda each: each.scale(found, now) and None
        )
        self._asked[resource_id] = periods
        return [f"decided on {group.size.desired} instances"] if group.size.desired != before else []

    def _next_s(self, group: ScalingGroup) -> float:
        """Return after how many seconds the next period ends or the next scheduled action is due."""
        now = self._cloud.ports.clock.now()
        times = [next_end(policy.pace.period_s, now) for policy in group.dynamic]
        actions = [each for each in group.policies.values() if isinstance(each, Scheduled)]
        times += [due for each in actions if (due := each.next_at(now)) is not None]
        soonest = min(times, default=now + timedelta(seconds=_STEADY_S))
        return max(0.05, (soonest - now).total_seconds())


def _present(group: ScalingGroup) -> str:
    serving = sum(member.serves for member in group.members.values())
    return f"has {serving} of {group.size.desired} instances in service"


def create_manager(cloud: Cloud) -> ScalingGroupManager:
    """Return what reconciles instances with scaling groups."""
    return ScalingGroupManager(cloud)
