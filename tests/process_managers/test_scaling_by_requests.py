"""Groups that track the requests of load balancers to their instances."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.errors import Invalid
from domain.load_balancer import LoadBalancer
from domain.scaling_group import ScalingGroup, Size
from miniaws.application import Cloud
from miniaws.commands import scaling_group as groups
from miniaws.process_managers.scaling_group import ScalingGroupManager
from miniaws.process_managers.scaling_group.measure import newest_end
from tests.domain.refusals import refused
from tests.process_managers.groups import balanced, running, settled, wanted, write_requests
from tests.process_managers.stage import REQUEST, Stage

POLICY = groups.TargetTrackingPolicy(
    type="target-tracking",
    metric="requests",
    target=20.0,
    warmup_s=0,
    cooldown_s=0,
    period_s=1,
    periods_out=2,
    periods_in=3,
)
LATER = timedelta(seconds=10)
"""Time at which all instances have been in service for the window of the policy."""


class Clock:
    """A clock that is ahead of others."""

    def now(self) -> datetime:
        return datetime.now(UTC) + LATER


async def behind(stage: Stage, *names: str) -> tuple[ScalingGroup, list[LoadBalancer]]:
    """Return a group of two instances behind load balancers, with the policy."""
    await stage.settle(await stage.vpc())
    before = [await balanced(stage, name, port=8081 + index) for index, name in enumerate(names)]
    wish = [groups.BehindBalancer(load_balancer=name, port=8080) for name in names]
    group = await settled(stage, await wanted(stage, Size(1, 2, 5), load_balancers=wish), *before)
    saved = await groups.put_policy(stage.cloud, REQUEST, "web", "load", POLICY)
    assert saved.aggregate.id == group.id
    return group, before


def write(stage: Stage, balancer: LoadBalancer, group: ScalingGroup, per_s: float) -> None:
    """Record requests of a load balancer to each instance, per second."""
    end = newest_end(1, Clock().now())
    for member in group.members.values():
        for second in range(-8, 8):
            at = end + timedelta(seconds=second, milliseconds=10)
            write_requests(stage, balancer, f"default:{member.instance_id}:8080", at, per_s)


def ahead(stage: Stage) -> Cloud:
    return Cloud(stage.cloud.settings, replace(stage.cloud.ports, clock=Clock()))


async def decided(stage: Stage, group: ScalingGroup) -> dict[str, Any]:
    """Evaluate the policies, and return the decisions."""
    await ScalingGroupManager(ahead(stage)).reconcile(group.id)
    return await stage.last(group, "decided")


async def test_a_group_grows_by_the_requests_of_all_its_load_balancers(stage: Stage) -> None:
    group, (front, side) = await behind(stage, "front", "side")
    write(stage, front, group, 15)
    write(stage, side, group, 30)
    told = await decided(stage, group)
    assert (told["action"], told["desired"], told["reason"]) == ("out", 5, "above target")
    evidence = told["evidence"]["policies"]["load"]
    assert evidence["value"] == 45
    assert [reading[1:] for reading in evidence["readings"]] == [[2, 2, 45.0]] * 3
    (again,) = await groups.replayed(stage.cloud, group.id, hour())
    assert again.agrees


def hour() -> groups.Between:
    return groups.between(None, None, Clock().now())


async def test_a_second_of_which_one_balancer_tells_nothing_is_not_measured(stage: Stage) -> None:
    group, (front, _) = await behind(stage, "front", "side")
    write(stage, front, group, 900)
    told = await decided(stage, group)
    assert (told["action"], told["reason"]) == ("hold", "nothing measured")
    assert [reading[1:] for reading in told["evidence"]["policies"]["load"]["readings"]] == [[2, 0, None]] * 3


async def test_another_policy_runs_over_the_requests_that_were_recorded(stage: Stage) -> None:
    group, (front,) = await behind(stage, "front")
    write(stage, front, group, 300)
    calm, eager = (POLICY.model_copy(update={"target": target}) for target in (1000.0, 150.0))
    simulation = groups.Simulation(policies={"calm": calm, "eager": eager})
    cloud = ahead(stage)
    told = await groups.simulated(cloud, await stage.load(ScalingGroup, group.id), simulation, hour())
    assert told["over"] == {"calm": 1000, "eager": 150}
    assert [(each["policy"], each["desired"]) for each in told["actions"]] == [("eager", 4)]
    assert 0 < told["simulated"]["over_target_s"] < told["recorded"]["over_target_s"]


async def test_a_group_without_a_load_balancer_cannot_follow_requests(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    group = await running(stage, Size(1, 1, 1))
    with refused(Invalid, "no load balancer", field="metric"):
        await groups.put_policy(stage.cloud, REQUEST, "web", "load", POLICY)
    with refused(Invalid, "no requests was measured", field="from"):
        await groups.simulated(stage.cloud, group, groups.Simulation(policies={"load": POLICY}), hour())


async def test_a_group_that_follows_requests_keeps_a_load_balancer(stage: Stage) -> None:
    await behind(stage, "front")
    with refused(Invalid, "the policy load follows requests", field="load_balancers"):
        await groups.change(stage.cloud, REQUEST, "web", groups.ChangeScalingGroup(load_balancers=[]))
    await groups.remove_policy(stage.cloud, REQUEST, "web", "load")
    await groups.change(stage.cloud, REQUEST, "web", groups.ChangeScalingGroup(load_balancers=[]))
