"""The subnet and the security group that every VPC has, also one that an earlier version created."""

from uuid import UUID

from domain.security_group import SecurityGroup, default_group_id
from domain.store import Cause, ClaimTaken, RequirementMissing, VersionConflict
from domain.subnet import Subnet, default_subnet_id
from domain.vpc import Vpc
from miniaws.application import Cloud, Request

_ACTOR = "system:vpc-manager"


def of(vpc: Vpc) -> tuple[Subnet, SecurityGroup]:
    """Return the default subnet and group of a VPC, which are saved with it or later."""
    return Subnet.create_default(vpc), SecurityGroup.create_default(vpc)


async def subnet(cloud: Cloud, vpc_id: UUID) -> Subnet:
    """Return the default subnet of a VPC. Raises NotFound, BeingDeleted."""
    found = await cloud.ports.store.load(default_subnet_id(vpc_id))
    if isinstance(found, Subnet):
        return found
    await ensure(cloud, await cloud.load_by_id(Vpc, vpc_id))
    return await cloud.load_by_id(Subnet, default_subnet_id(vpc_id))


async def group(cloud: Cloud, vpc_id: UUID) -> SecurityGroup:
    """Return the default security group of a VPC. Raises NotFound, BeingDeleted."""
    found = await cloud.ports.store.load(default_group_id(vpc_id))
    if isinstance(found, SecurityGroup):
        return found
    await ensure(cloud, await cloud.load_by_id(Vpc, vpc_id))
    return await cloud.load_by_id(SecurityGroup, default_group_id(vpc_id))


async def ensure(cloud: Cloud, vpc: Vpc) -> None:
    """Create what is missing: a VPC of an earlier version has neither. Raises BeingDeleted."""
    known = await cloud.ports.store.load(default_subnet_id(vpc.id))
    if known is not None:  # both are created together
        return
    vpc.refuse_if_deleting()
    newest = (await cloud.ports.store.events(vpc.id))[-1]
    cause = Cause(_ACTOR, vpc.account_id, correlation_id=newest.correlation_id, causation=newest.position)
    missing = of(vpc)
    missing[0].conditions.requires.append(vpc.alive_claim())
    try:
        await cloud.save(Request(cause), *missing)
    except (VersionConflict, ClaimTaken):
        return  # somebody else created them at the same moment
    except RequirementMissing:
        (await cloud.load_by_id(Vpc, vpc.id)).refuse_if_deleting()
        raise
