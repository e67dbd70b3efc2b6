"""Keeps as many instances of a scaling group as are wanted.

look at its instances     -> report how they fare -> plan: launch, end
look at what they used    -> decide by the policies -> report

A launch is one save of the group's event and the instance's, so dying anywhere doubles nothing and strands nothing: an
instance is there with its group knowing it, or not at all.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.scaling_group import ScalingGroup, plan
from domain.scaling_group.member import SeenInstance
from domain.scaling_group.policies import Scheduled
from domain.scaling_group.schedule import next_due
from domain.store import Cause, VersionConflict
from miniaws.application import Cloud, Request
from miniaws.process_managers.scaling_group.launching import Launching
from miniaws.process_managers.scaling_group.looking import attached, failing, look
from miniaws.process_managers.scaling_group.measuring import ends, next_end, readings
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:scaling-group-manager", account_id="")
_MOST_AT_ONCE = 10
"""Launches a pass; the next one follows at once."""
_SOON_S = 0.5
_AT_REST_S = 5.0
"""What happens to its instances and load balancers wakes a group; this is for what time alone brings about."""


class ScalingGroupManager:
    """Reconciles instances with groups."""

    kind = ScalingGroup.KIND

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._launching = Launching(cloud, _CAUSE)
        # For which periods policies were asked last: forgetting it asks them again, with the same answer.
        self._asked: dict[UUID, tuple[object, ...]] = {}

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one group in line."""
        group = await self._cloud.load_by_id(ScalingGroup, resource_id)
        if group.status == "deleted":
            self._asked.pop(resource_id, None)
            return Pass("is deleted")
        now = self._cloud.ports.clock.now()
        seen = await look(self._cloud, group)
        group = await self._report(group, seen, now)
        if group.is_deleting and not group.members:
            return await self._delete(group)
        done = await self._carry_out(group, now)
        if decided := await self._scale(resource_id, now):
            group = await self._cloud.load_by_id(ScalingGroup, resource_id)
            done += [*decided, *await self._carry_out(group, now)]
        group = await self._cloud.load_by_id(ScalingGroup, resource_id)
        settling = bool(done) or any(m.is_leaving or not m.serves for m in group.members.values())
        again = _SOON_S if settling else _AT_REST_S
        return Pass(", ".join(done) or _present(group), min(again, self._next_s(group)))

    async def _delete(self, group: ScalingGroup) -> Pass:
        """Report the end, and in the same save that no load balancer waits for its instances any more."""
        balancers = await attached(self._cloud, group)
        for each in group.attachments:
            for balancer in balancers:
                selector_id = each.selector(group.public_id).id
                if balancer.public_id == each.load_balancer_id and selector_id in balancer.selectors:
                    balancer.unselect(selector_id)
        group.report_deleted()
        cause = replace(_CAUSE, account_id=group.account_id)
        try:
            await self._cloud.save(Request(cause), group, *balancers)
        except VersionConflict:
            return Pass("waits for its load balancers", _SOON_S)
        return Pass("is deleted")

    async def _report(
        self, group: ScalingGroup, seen: Mapping[str, SeenInstance], now: datetime
    ) -> ScalingGroup:
        """Note how the instances fare, and what follows for a refresh and for the group."""

        def decide(found: ScalingGroup) -> None:
            found.observe(seen, now, judges=not found.is_suspended("health"))
            found.follow_refresh()
            found.report_state(failing(found, seen))
            found.apply_schedules(now)

        return await self._cloud.report(ScalingGroup, group.id, _CAUSE, decide)

    async def _carry_out(self, group: ScalingGroup, now: datetime) -> list[str]:
        steps = plan(group, now)
        done = [
            f"ended {group.members[release.instance_id].name}: {release.reason}"
            for release in steps.releases
            if await self._launching.end(group.id, release, now)
        ]
        for _ in range(min(steps.launches, _MOST_AT_ONCE)):
            name = await self._launching.launch(group.id, now)
            if name is None:
                break
            done.append(f"launched {name}")
        return done

    async def _scale(self, resource_id: UUID, now: datetime) -> list[str]:
        """Ask the policies, once a period."""
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
        """Return after how many seconds something is due without anything having happened."""
        now = self._cloud.ports.clock.now()
        times = [next_end(policy.pace.period_s, now) for policy in group.dynamic]
        actions = [each for each in group.policies.values() if isinstance(each, Scheduled)]
        times += [due for each in actions if (due := next_due(each, now)) is not None]
        soonest = min(times, default=now + timedelta(seconds=_AT_REST_S))
        return max(0.05, (soonest - now).total_seconds())


def _present(group: ScalingGroup) -> str:
    serving = sum(member.serves for member in group.members.values())
    return f"has {serving} of {group.size.desired} instances in service"
