"""Registers targets: instances, addresses, and all instances that have some tags."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from domain.errors import NotFound
from domain.instance import Instance, InstanceTerminated
from domain.load_balancer import LoadBalancer, Selector, TargetSpec
from domain.load_balancer.errors import TargetInAnotherVpc
from domain.values import must
from miniaws.application import Cloud
from miniaws.commands.load_balancer.bodies import RegisterTarget


async def addition(
    cloud: Cloud, account: str, target: RegisterTarget, range_: IPv4Network
) -> Callable[[LoadBalancer], None]:
    """Return what adds a target to a load balancer in a VPC with that range. Raises NotFound, Invalid."""
    if [target.instance, target.tags, target.address].count(None) != 2:
        raise must("instance", "be given, or `tags`, or `address`, but only one of them")
    if target.tags is not None:
        selector = Selector(target.target_group, target.tags, target.port, target.weight)
        return lambda balancer: balancer.select(selector)
    if target.instance is None:
        spec = TargetSpec(target.target_group, target.port, target.weight, address=target.address)
        return lambda balancer: balancer.register(spec, range_)
    instance = await cloud.load(Instance, account, target.instance)
    return lambda balancer: _register(balancer, instance, target, range_)


async def refuse_if_gone(cloud: Cloud, account: str, targets: Iterable[RegisterTarget]) -> None:
    """Raise NotFound when the instance of a target was terminated in the meantime."""
    for index, each in enumerate(targets):
        if each.instance is None:
            continue
        if (await cloud.load(Instance, account, each.instance)).wanted == "terminated":
            raise gone(each.instance, f"targets.{index}.instance") from None


def gone(instance: str, field: str = "instance") -> NotFound:
    """Return the refusal of an instance that was terminated in the meantime."""
    return NotFound(f"cannot find instance {instance}: it was terminated in the meantime", field=field)


def _register(
    balancer: LoadBalancer, instance: Instance, target: RegisterTarget, range_: IPv4Network
) -> None:
    if instance.vpc_id != balancer.vpc_id:
        raise TargetInAnotherVpc(
            f"cannot balance to instance {instance.name}: it is in VPC {instance.vpc_name}, {balancer.name} in "
            f"{balancer.vpc_name}; use an instance of that VPC",
            field="instance",
        )
    if instance.wanted == "terminated":
        raise InstanceTerminated(f"cannot balance to instance {instance.name}: it is {instance.status}")
    spec = TargetSpec(
        target.target_group,
        target.port,
        target.weight,
        instance_id=instance.public_id,
        instance_name=instance.name,
    )
    balancer.register(spec, range_)
    # It has its name until it is gone: what is gone by then is no target.
    balancer.conditions.requires.append(instance.name_claim())
