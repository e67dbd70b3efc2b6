"""Scaling groups on the stage."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from adapters.system import SystemClock
from domain.instance import Instance
from domain.load_balancer import LoadBalancer, TargetSpec
from domain.scaling_group import ScalingGroup, Size
from domain.scaling_group.member import STEADY_S, Member
from domain.values import parse_id
from miniaws.commands import load_balancer as balancers
from miniaws.commands import scaling_group as groups
from miniaws.runtime.partitions import beginning
from tests.process_managers.stage import REQUEST, Stage


class ClockAhead(SystemClock):
    """Time after which an instance that has just started counts as in service."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=STEADY_S)


async def wanted(stage: Stage, size: Size, **more: Any) -> ScalingGroup:
    """Create a group in the VPC `default`, which is created if it is missing."""
    if isinstance(stage.cloud.ports.clock, SystemClock):
        stage.cloud.ports = replace(stage.cloud.ports, clock=ClockAhead())
    if not await stage.cloud.ports.store.claims("name/main/vpc"):
        await stage.settle(await stage.vpc())
    template = groups.LaunchTemplate(image="nginx:1.27", env={"WORD": "hush"})
    wish: dict[str, Any] = {"name": "web", "template": template, **asdict(size), **more}
    saved = await groups.create(stage.cloud, REQUEST, groups.CreateScalingGroup(**wish))
    return await stage.load(ScalingGroup, saved.aggregate.id)


async def instances(stage: Stage, group: ScalingGroup) -> list[Instance]:
    """Return the current instances of a group, in the order of their launch."""
    found = await stage.load(ScalingGroup, group.id)
    return [await instance(stage, member) for member in found.members.values()]


async def instance(stage: Stage, member: Member) -> Instance:
    parsed = parse_id(member.instance_id)
    assert parsed is not None
    return await stage.load(Instance, parsed[1])


async def settled(stage: Stage, group: ScalingGroup, *fronts: LoadBalancer) -> ScalingGroup:
    """Run the managers of the group and of its instances until nothing changes.

    Its load balancers find every running instance healthy.
    """
    for _ in range(20):
        before = await stage.cloud.ports.store.head()
        known = await instances(stage, group)
        await stage.pass_(group)
        for each in {i.id: i for i in [*known, *await instances(stage, group)]}.values():
            await stage.pass_(each)
        for balancer in fronts:
            await find_well(stage, group, balancer)
        if await stage.cloud.ports.store.head() == before:
            return await stage.load(ScalingGroup, group.id)
    raise AssertionError("it does not settle")


async def find_well(stage: Stage, group: ScalingGroup, balancer: LoadBalancer) -> None:
    """Make a load balancer of the group find every running instance healthy."""
    attached = {each.load_balancer_id: each for each in group.attachments}[balancer.public_id]
    selector = attached.selector(group.public_id)
    up = [each for each in await instances(stage, group) if each.status == "running"]

    def decide(found: LoadBalancer) -> None:
        for each in up:
            wish = TargetSpec("default", attached.port, 1, each.public_id, each.name, selector=selector.id)
            found.register(wish, IPv4Network("10.0.0.0/8"))
            found.report_target(wish.id, "healthy", None, each.address, each.modified_on)

    await stage.cloud.report(LoadBalancer, balancer.id, REQUEST.cause, decide)


async def running(stage: Stage, size: Size, **more: Any) -> ScalingGroup:
    return await settled(stage, await wanted(stage, size, **more))


def names(group: ScalingGroup) -> list[str]:
    return [member.name for member in group.members.values()]


async def balanced(stage: Stage, name: str = "front", vpc: str = "default", port: int = 8081) -> LoadBalancer:
    listener = balancers.ListenOn(port=port)
    wish = balancers.CreateLoadBalancer(name=name, vpc=vpc, listeners=[listener])
    saved = await balancers.create(stage.cloud, REQUEST, wish)
    return await stage.load(LoadBalancer, saved.aggregate.id)


def write_requests(stage: Stage, balancer: LoadBalancer, target: str, at: datetime, per_s: float) -> None:
    """Write how many requests a balancer sent to a target in a second, into a partition like the recorder's."""
    hour = beginning(at, timedelta(hours=1)).astimezone(UTC)
    name = Identifier(f"traffic_second_{hour:%Y%m%d%H}")
    partition = SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF traffic_second FOR VALUES FROM ({}) TO ({})")
    row = "INSERT INTO traffic_second VALUES (%s, %s, %s, %s, 0, 0, 0, 0, 0, NULL, 0)"
    with psycopg.connect(stage.database_url, autocommit=True) as connection:
        bounds = (Literal(each.isoformat()) for each in (hour, hour + timedelta(hours=1)))
        connection.execute(partition.format(name, *bounds))
        connection.execute(row, (balancer.id, target, at, per_s))
