"""Commands for VPCs."""

from ipaddress import ip_network

from pydantic import Field

from domain import values
from domain.errors import Conflict, DomainError, NameTaken
from domain.security_group import SecurityGroup, default_group_id
from domain.store import ClaimTaken, RequirementMissing, ScopeInUse
from domain.subnet import Subnet, default_subnet_id
from domain.vpc import SUBNET_SCOPE, Vpc, use_scope
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import defaults
from miniaws.commands.body import Body, Change, Name, NewTags, Tags


class NoFreeRange(Conflict):
    """cannot find a free range in the pool"""

    code = "no_free_range"


class RangeTaken(Conflict):
    """cannot use a range that overlaps another"""

    code = "range_taken"


class CreateVpc(Body):
    """A VPC to create."""

    name: Name = Field(examples=["web"])
    cidr: str | None = Field(
        default=None,
        title="Address range",
        description="private IPv4 range; left out: a free /24",
        examples=["10.20.0.0/24"],
    )
    tags: Tags = Field(default={})


class ChangeVpc(Change):
    """What can be changed of a VPC."""

    tags: NewTags = None


async def create(cloud: Cloud, request: Request, new: CreateVpc) -> Saved:
    """Create a VPC, with its default subnet and security group. Raises Invalid, NameTaken, RangeTaken, NoFreeRange."""
    values.name(new.name)

    async def work(unit: UnitOfWork) -> None:
        cidr = new.cidr or await free_cidr(cloud)
        if new.cidr is not None:
            await _refuse_occupied(cloud, new.cidr)
        vpc = Vpc.create(unit.account_id, new.name, cidr, new.tags, is_chosen=new.cidr is None)
        unit.add(vpc, *defaults.of(vpc))

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if conflict.claim.scope != SUBNET_SCOPE:
            # The names of its default subnet and group are taken when its own is.
            raise NameTaken(
                f"cannot use the name `{new.name}`: a VPC of this account has it; choose another name, or delete that "
                "one first",
                field="name",
            ) from None
        # A range that we chose was taken in between: choose another.
        if new.cidr is not None:
            raise RangeTaken(
                f"cannot use {new.cidr}: it overlaps {conflict.claim.key} of another VPC; choose another range, or "
                "leave `cidr` out and get a free one",
                field="cidr",
            ) from None

    return await cloud.transact(request, work, recover)


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeVpc) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, Vpc, id_or_name, lambda vpc: vpc.change_tags(changes.tags or {}))


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a VPC, with its default subnet and group. Raises NotFound, or Conflict with the list of what uses it."""

    async def work(unit: UnitOfWork) -> None:
        vpc = await unit.load(Vpc, id_or_name)
        vpc.delete()
        for default_id in (default_subnet_id(vpc.id), default_group_id(vpc.id)):
            default = await cloud.ports.store.load(default_id)
            if isinstance(default, Subnet | SecurityGroup):
                default.delete_with_vpc()
                unit.add(default)

    try:
        return await cloud.transact(request, work)
    except ScopeInUse:
        raise await _in_use(cloud, request, id_or_name) from None


async def replace_range(cloud: Cloud, unit: UnitOfWork, vpc: Vpc, cidr: str, reason: str) -> None:
    """Replace the range of a VPC, and of its default subnet, which must be the only one. Raises Conflict."""
    found = await unit.load(Vpc, vpc.public_id)
    found.replace_range(cidr, reason)
    subnet = await defaults.subnet(cloud, vpc.id)
    subnet.replace_range(cidr)
    unit.add(subnet)


async def free_cidr(cloud: Cloud) -> str:
    """Return a /24 of the pool that neither a VPC nor the host uses. Raises NoFreeRange."""
    pool = cloud.settings.vpc_pool
    claimed = [claim.key for claim in await cloud.ports.store.claims(SUBNET_SCOPE)]
    free = values.free_block(pool, [*claimed, *await cloud.ports.networks.occupied()])
    if free is None:
        raise NoFreeRange(
            f"cannot make another VPC: every /24 of the pool {pool} is in use by a VPC or by the host's networks; "
            "delete a VPC, give a `cidr`, or set MINIAWS_VPC_POOL to a larger range"
        )
    return free


async def _refuse_occupied(cloud: Cloud, cidr: str) -> None:
    network = values.cidr(cidr)
    for other in await cloud.ports.networks.occupied():
        if network.overlaps(ip_network(other)):
            why = f"the host has a network in {other}; choose another range, or leave `cidr` out"
            raise values.must("cidr", "be free", cidr, why=why)


async def _in_use(cloud: Cloud, request: Request, id_or_name: str) -> DomainError:
    vpc_id = await cloud.find(Vpc, request.cause.account_id, id_or_name)
    users = await cloud.ports.store.claims(use_scope(vpc_id))
    listed = ", ".join(f"{claim.note} ({claim.key})" for claim in users[:10])
    more = f" and {len(users) - 10} more" if len(users) > 10 else ""
    return Conflict(
        f"cannot delete VPC {id_or_name}: it is used by {listed}{more}; terminate them first",
        used_by=[{"id": claim.key, "name": claim.note} for claim in users],
    )
