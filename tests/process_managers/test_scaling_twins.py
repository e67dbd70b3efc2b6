"""A group whose controller dies repeatedly makes the same decisions as one whose controller does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from domain.load_balancer import LoadBalancer
from domain.scaling_group import ScalingGroup, Size
from miniaws.application import Cloud
from miniaws.commands import scaling_group as groups
from tests.process_managers.groups import balanced, settled, wanted, write_requests
from tests.process_managers.stage import REQUEST, Stage

COOLDOWN_S = 6
POLICY = groups.TargetTrackingPolicy(
    type="target-tracking",
    metric="requests",
    target=20.0,
    warmup_s=2,
    cooldown_s=COOLDOWN_S,
    period_s=1,
    periods_out=2,
    periods_in=3,
)
LOUD, QUIET, SECONDS = range(4, 9), 2.0, 24


class Clock:
    """A clock that only a test advances."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.moment


async def following(stage: Stage, name: str, port: int) -> tuple[LoadBalancer, ScalingGroup]:
    balancer = await balanced(stage, f"front-{name}", port=port)
    before = [groups.BehindBalancer(load_balancer=balancer.name, port=8080)]
    group = await settled(
        stage, await wanted(stage, Size(1, 1, 4), name=name, load_balancers=before), balancer
    )
    await groups.put_policy(stage.cloud, REQUEST, name, "load", POLICY)
    return balancer, group


def send(stage: Stage, balancer: LoadBalancer, group: ScalingGroup, per_s: float, at: datetime) -> None:
    """Record the total requests of a load balancer to all instances in service."""
    served = [member.instance_id for member in group.members.values() if member.serves]
    for id_ in served:
        write_requests(stage, balancer, f"default:{id_}:8080", at, per_s / len(served))


async def decisions(stage: Stage, group: ScalingGroup) -> list[dict[str, Any]]:
    events = await stage.cloud.ports.store.events(group.id)
    told = [event.payload for event in events if event.type == "scaling_group.decided"]
    return [{name: value for name, value in each.items() if name != "timestamp"} for each in told]


async def test_a_controller_that_dies_every_second_decides_as_one_that_lives(stage: Stage) -> None:
    clock = Clock()
    stage.cloud = Cloud(stage.cloud.settings, replace(stage.cloud.ports, clock=clock))
    stage.restart_controller()
    await stage.settle(await stage.vpc())
    twins = [await following(stage, "disturbed", 8081), await following(stage, "left-alone", 8082)]
    lives = stage.managers["scaling_group"]
    for second in range(SECONDS):
        clock.moment += timedelta(seconds=1)
        for (balancer, group), manager in zip(twins, (None, lives), strict=True):
            stage.restart_controller()
            stage.managers["scaling_group"] = manager or stage.managers["scaling_group"]
            now = await settled(stage, group, balancer)
            send(stage, balancer, now, 50.0 if second in LOUD else QUIET, clock.moment)
    disturbed, alone = [await decisions(stage, group) for _, group in twins]
    assert disturbed == alone
    done = [each for each in disturbed if each["action"] != "hold"]
    assert [(each["action"], each["desired"]) for each in done] == [("out", 3), ("in", 2), ("in", 1)]
    assert "cooling down" in {each["reason"] for each in disturbed}
    times = [datetime.fromisoformat(each["decided_at"]) for each in done]
    assert min(later - earlier for earlier, later in pairwise(times)) >= timedelta(seconds=COOLDOWN_S)
