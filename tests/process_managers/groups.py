"""Scaling groups on the stage: asked for, settled, looked at."""

from ipaddress import IPv4Network
from typing import Any

from domain.instance import Instance
from domain.load_balancer import Listener, LoadBalancer, TargetSpec
from domain.scaling_group import ScalingGroup, Size
from domain.scaling_group.member import Member
from domain.values import parse_id
from miniaws.commands import load_balancer as balancers
from miniaws.commands import scaling_group as groups
from tests.process_managers.stage import REQUEST, Stage


async def wanted(stage: Stage, size: Size, **more: Any) -> ScalingGroup:
    """Ask for a group in the VPC `default`, made here when there is none."""
    if not await stage.cloud.ports.store.claims("name/main/vpc"):
        await stage.settle(await stage.vpc())
    template = groups.Launched(image="nginx:1.27", environment={"WORD": "hush"})
    wish: dict[str, Any] = {"name": "web", "template": template, "size": size, **more}
    saved = await groups.create(stage.cloud, REQUEST, groups.Create(**wish))
    return await stage.load(ScalingGroup, saved.aggregate.id)


async def instances(stage: Stage, group: ScalingGroup) -> list[Instance]:
    """Return the instances of a group as they are, in the order of their launch."""
    found = await stage.load(ScalingGroup, group.id)
    return [await instance(stage, member) for member in found.members.values()]


async def instance(stage: Stage, member: Member) -> Instance:
    parsed = parse_id(member.instance_id)
    assert parsed is not None
    return await stage.load(Instance, parsed[1])


async def settled(stage: Stage, group: ScalingGroup, *fronts: LoadBalancer) -> ScalingGroup:
    """Let the managers of the group and of its instances work until nothing happens any more.

    The load balancers before it find every instance well that runs.
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
    """Let a load balancer before the group find every instance well that runs."""
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
    listener = Listener(port=port, protocol="http")
    wish = balancers.Create(name, vpc, listeners=[listener])
    saved = await balancers.create(stage.cloud, REQUEST, wish)
    return await stage.load(LoadBalancer, saved.aggregate.id)
