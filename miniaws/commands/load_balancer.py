"""Commands for load balancers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

from domain import values
from domain.errors import Conflict, Invalid, NotFound, Unavailable
from domain.instance import Instance, InstanceTerminated
from domain.load_balancer import (
    BalancerSpec,
    Listener,
    LoadBalancer,
    Selector,
    TargetGroup,
    TargetSpec,
    Timeouts,
)
from domain.load_balancer import certificate as certificates
from domain.load_balancer.errors import TargetInAnotherVpc, UnknownTarget
from domain.load_balancer.spec import DEFAULT_GROUP
from domain.managed import BeingDeleted
from domain.store import ClaimTaken, RequirementMissing, VersionConflict
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import host_port

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Create:
    """A load balancer as it is asked for."""

    name: str
    vpc: str = "default"
    listeners: Sequence[Listener] = ()
    target_groups: Sequence[TargetGroup] = (TargetGroup(),)
    timeouts: Timeouts = field(default_factory=Timeouts)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Register:
    """A target as it is asked for: an instance by id or name, instances by tags, or an address."""

    port: int
    instance: str | None = None
    tags: Mapping[str, str] | None = None
    address: str | None = None
    weight: int = 1
    target_group: str = DEFAULT_GROUP


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a load balancer can change; None leaves it as it is."""

    listeners: Sequence[Listener] | None = None
    default_group: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of the default target group that change."""
    other_groups: Sequence[TargetGroup] | None = None
    timeouts: Timeouts | None = None
    tags: Mapping[str, str] | None = None


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a load balancer. Raises Invalid, NotFound, NameTaken, HostPortTaken, BeingDeleted."""
    await cloud.refuse_repeated(request)
    vpc = await cloud.load(Vpc, request.cause.account_id, wish.vpc)
    balancer = LoadBalancer.create(
        BalancerSpec(
            account_id=request.cause.account_id,
            name=wish.name,
            vpc_id=vpc.id,
            vpc_public_id=vpc.public_id,
            vpc_name=vpc.name,
            listeners=wish.listeners,
            target_groups=wish.target_groups,
            timeouts=wish.timeouts,
            tags=wish.tags,
        )
    )
    try:
        return Saved(balancer, await cloud.save(request, balancer))
    except ClaimTaken as taken:
        raise host_port.refusal(request, taken, "listeners.port", "listen") from None
    except RequirementMissing:
        raise BeingDeleted(
            f"cannot balance in VPC {vpc.name}: it is being deleted; choose another", field="vpc"
        ) from None


async def change(cloud: Cloud, request: Request, id_or_name: str, wish: Changes) -> Saved:
    """Change listeners, groups, time limits or tags. Raises NotFound, Invalid, BeingDeleted, HostPortTaken."""

    def decide(balancer: LoadBalancer) -> None:
        default, *others = sorted(balancer.target_groups, key=lambda group: group.name != DEFAULT_GROUP)
        others = others if wish.other_groups is None else wish.other_groups
        balancer.change_routes(wish.listeners, [replace(default, **wish.default_group), *others])
        if wish.timeouts is not None:
            balancer.change_timeouts(wish.timeouts)
        if wish.tags is not None:
            balancer.change_tags(wish.tags)

    try:
        return await cloud.change(request, LoadBalancer, id_or_name, decide)
    except ClaimTaken as taken:
        raise host_port.refusal(request, taken, "listeners.port", "listen") from None


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give a load balancer up. Raises NotFound."""
    return await cloud.change(request, LoadBalancer, id_or_name, LoadBalancer.delete)


async def register_target(cloud: Cloud, request: Request, id_or_name: str, wish: Register) -> Saved:
    """Send requests to a target, or give it another weight.

    Raises NotFound, Invalid, BeingDeleted, TargetInAnotherVpc, InstanceTerminated.
    """
    if [wish.instance, wish.tags, wish.address].count(None) != 2:
        raise Invalid(
            "cannot tell what the target is: give one of `instance`, `tags` and `address`", field="instance"
        )
    if wish.tags is not None:
        selector = Selector(wish.target_group, dict(wish.tags), wish.port, wish.weight)
        return await cloud.change(
            request, LoadBalancer, id_or_name, lambda balancer: balancer.select(selector)
        )
    account = request.cause.account_id
    target = TargetSpec(wish.target_group, wish.port, wish.weight, address=wish.address)
    range_ = await _range(cloud, account, id_or_name)
    if wish.instance is None:
        return await cloud.change(
            request, LoadBalancer, id_or_name, lambda balancer: balancer.register(target, range_)
        )
    instance = await cloud.load(Instance, account, wish.instance)
    named = replace(target, instance_id=instance.public_id, instance_name=instance.name)
    return await _change_with(cloud, request, id_or_name, instance, named, range_)


async def deregister_target(
    cloud: Cloud, request: Request, id_or_name: str, target: str, target_group: str | None = None
) -> Saved:
    """Take a target out; it drains first. ``target`` is its id, its instance or address, or a selector.

    Raises NotFound, TargetSelected, Conflict when several targets are meant.
    """

    def decide(balancer: LoadBalancer) -> None:
        if target in balancer.selectors:
            balancer.unselect(target)
        else:
            balancer.deregister(find_target(balancer, target, target_group))

    return await cloud.change(request, LoadBalancer, id_or_name, decide)


async def upload_certificate(
    cloud: Cloud, request: Request, id_or_name: str, name: str, pem: str, private_key: str
) -> Saved:
    """Keep a certificate; its private key is sealed. Raises NotFound, Invalid, BadCertificate, BeingDeleted."""
    await cloud.refuse_repeated(request)
    kept, key = certificates.read(name, pem, private_key, cloud.ports.clock.now())
    for _ in range(_ATTEMPTS):
        balancer = await cloud.load(LoadBalancer, request.cause.account_id, id_or_name)
        balancer.refuse_unless_version(request.expected_version)
        key_id = cloud.ports.chance.uuid()
        balancer.upload_certificate(kept, key_id)
        try:
            return Saved(balancer, await cloud.save(request, balancer, secrets={key_id: key}))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot change {id_or_name}: too many changes at once; retry")


async def remove_certificate(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Forget a certificate and its key. Raises NotFound, Invalid, CertificateInUse, BeingDeleted."""
    return await cloud.change(
        request, LoadBalancer, id_or_name, lambda balancer: balancer.remove_certificate(name)
    )


def find_target(balancer: LoadBalancer, target: str, target_group: str | None = None) -> str:
    """Return the id of the one target that is meant. Raises UnknownTarget, Conflict."""
    found = [
        each.spec.id
        for each in balancer.targets.values()
        if not each.is_leaving
        and target in {each.spec.id, each.spec.instance_id, each.spec.instance_name, each.spec.address}
        and target_group in {None, each.spec.target_group}
    ]
    if not found:
        raise UnknownTarget(
            f"cannot find the target {values.shown(target)} of {balancer.name}; show the balancer to see its targets"
        )
    if len(found) > 1:
        raise Conflict(
            f"cannot tell which target {values.shown(target)} means: use one of {', '.join(found)}",
            field="target",
        )
    return found[0]


async def _change_with(
    cloud: Cloud,
    request: Request,
    id_or_name: str,
    instance: Instance,
    target: TargetSpec,
    range_: IPv4Network,
) -> Saved:
    def decide(balancer: LoadBalancer) -> None:
        if instance.vpc_id != balancer.vpc_id:
            raise TargetInAnotherVpc(
                f"cannot balance to instance {instance.name}: it is in VPC {instance.vpc_name}, {balancer.name} in "
                f"{balancer.vpc_name}; use an instance of that VPC",
                field="instance",
            )
        if instance.wanted == "terminated":
            raise InstanceTerminated(f"cannot balance to instance {instance.name}: it is {instance.status}")
        balancer.register(target, range_)
        # It has its name until it is gone: what is gone by then is no target.
        balancer.conditions.requires.append(instance.name_claim())

    try:
        return await cloud.change(request, LoadBalancer, id_or_name, decide)
    except RequirementMissing:
        raise NotFound(
            f"cannot find instance {instance.name}: it was terminated in the meantime", field="instance"
        ) from None


async def _range(cloud: Cloud, account: str, id_or_name: str) -> IPv4Network:
    balancer = await cloud.load(LoadBalancer, account, id_or_name)
    return values.cidr((await cloud.load(Vpc, account, balancer.vpc_id)).cidr)
