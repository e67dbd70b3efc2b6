"""Scaling groups on the stage: asked for, settled, looked at."""

from typing import Any

from domain.instance import Instance
from domain.load_balancer import Listener, LoadBalancer
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


async def settled(stage: Stage, group: ScalingGroup) -> ScalingGroup:
    """Let the managers of the group and of its instances work until nothing happens any more."""
    for _ in range(20):
        before = await stage.cloud.ports.store.head()
        known = await instances(stage, group)
        await stage.pass_(group)
        for each in {i.id: i for i in [*known, *await instances(stage, group)]}.values():
            await stage.pass_(each)
        if await stage.cloud.ports.store.head() == before:
            return await stage.load(ScalingGroup, group.id)
    raise AssertionError("it does not settle")


async def running(stage: Stage, size: Size, **more: Any) -> ScalingGroup:
    return await settled(stage, await wanted(stage, size, **more))


def names(group: ScalingGroup) -> list[str]:
    return [member.name for member in group.members.values()]


async def balanced(stage: Stage, name: str = "front", vpc: str = "default", port: int = 8081) -> LoadBalancer:
    listener = Listener(port=port, protocol="http")
    wish = balancers.Create(name, vpc, listeners=[listener])
    saved = await balancers.create(stage.cloud, REQUEST, wish)
    return await stage.load(LoadBalancer, saved.aggregate.id)
