"""Gives what is created in a VPC an address of a subnet, and security groups.

Which subnet and groups those are is read once, and remembered: what must hold of them is required as the resource is
saved, and when that is outdated, they are read again. The addresses in use are read each time. Whoever loses a race
for an address is given another one.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar
from uuid import UUID

from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict, DomainError
from domain.interface import GroupRef, Interface, WithInterface
from domain.security_group import SecurityGroup
from domain.store import ClaimTaken, RequirementMissing
from domain.subnet import DEFAULT, PUBLIC_SCOPE, Subnet
from domain.values import must, parse_id
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import addresses, security_group, subnet

W = TypeVar("W", bound=WithInterface)


class AddressTaken(Conflict):
    """cannot use an address that another resource has"""

    code = "address_taken"


class NoFreeAddress(Conflict):
    """cannot find a free address in the subnet"""

    code = "no_free_address"


class SubnetNotPublic(Conflict):
    """cannot publish a port of the host from a subnet that is not public"""

    code = "subnet_not_public"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a VPC a resource is to be, by ids or names."""

    subnet: str = DEFAULT
    security_groups: tuple[str, ...] = (DEFAULT,)
    address: str | None = None
    """The address that was asked for; None: any that is free."""
    publishes: bool | None = None
    """Whether the resource will publish a port of the host; None: as it does now."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a place is."""

    subnet: Subnet
    groups: tuple[GroupRef, ...]
    requires: tuple[Claim, ...]
    """What must still hold when it is used."""


ANYWHERE = Place()


async def assign(cloud: Cloud, member: WithInterface, place: Place, prefers: str | None = None) -> None:
    """Assign a resource an interface in its VPC. Raises what ``choose`` raises."""
    member.assign_interface(await choose(cloud, member, (member.vpc_id, member.vpc_name), place, prefers))


async def choose(
    cloud: Cloud,
    member: WithInterface,
    vpc: tuple[str, str],
    place: Place,
    prefers: str | None = None,
) -> Interface:
    """Return an interface for a resource in a VPC (id and name), and have the save of the resource require it.

    ``prefers`` is the address that it gets if nobody has it. Raises NotFound, Invalid, BeingDeleted, AddressTaken,
    NoFreeAddress, SubnetNotPublic.
    """
    vpc_id, key = _uuid(vpc[0]), ("place", vpc[0], place.subnet, place.security_groups)

    async def read() -> _Found:
        return await _find(cloud, (vpc_id, vpc[1]), place)

    try:
        found = await cloud.remembered(key, read)
        address = await _address(cloud, member, found.subnet, place, prefers)
    except DomainError:
        # It may be what is remembered that stands in the way.
        cloud.forget_remembered()
        found = await cloud.remembered(key, read)
        address = await _address(cloud, member, found.subnet, place, prefers)
    member.conditions.requires += found.requires
    return Interface(found.subnet.public_id, found.subnet.name, address, found.groups)


async def addresses_for(
    cloud: Cloud, owner: Aggregate, vpc: tuple[str, str], prefers: Sequence[str | None]
) -> list[str]:
    """Return addresses of the default subnet of a VPC; each the preferred one, if nobody has that.

    The save of the owner requires them. Raises NoFreeAddress, BeingDeleted.
    """
    vpc_id = _uuid(vpc[0])
    of = await subnet.find_in(cloud, vpc_id, vpc[1])
    taken = await _taken_by_others(cloud, vpc_id, owner, prefers)
    found: list[str] = []
    for each in prefers:
        free = each if each is not None and each not in taken and _is_in(of, each) else None
        free = free or of.free_address(taken, owner.id.int)
        if free is None:
            raise _full(of)
        found.append(free)
        taken.add(free)
    owner.conditions.requires.append(of.place_claim())
    return found


def recovers(cloud: Cloud, conflict: ClaimTaken | RequirementMissing, address: str | None = None) -> bool:
    """Return whether a conflict is about an interface, and another attempt helps.

    ``address`` is one that was asked for. Raises AddressTaken.
    """
    claim = conflict.claim
    if isinstance(conflict, ClaimTaken):
        is_address = claim.scope.startswith(("address/", "address-block/"))
        if is_address and address is not None:
            raise _taken(claim.key, claim.note) from None
        return is_address
    if parse_id(claim.key.partition("/")[0]) is None or not claim.key.startswith(("subnet-", "sg-")):
        return False
    cloud.forget_remembered()
    return True


async def change_security_groups(cloud: Cloud, member: WithInterface, groups: Sequence[str] | None) -> None:
    """Make a resource a member of these groups of its VPC, and of no others; None: unchanged.

    Raises NotFound, Invalid, and that it takes no change.
    """
    if groups is None:
        return
    found = await security_group.find_in(cloud, _uuid(member.vpc_id), member.vpc_name, groups)
    member.change_security_groups([_reference(each) for each in found])
    member.conditions.requires += [each.alive_claim() for each in found]


async def change(
    cloud: Cloud,
    request: Request,
    kind: type[W],
    id_or_name: str,
    decide: Callable[[W], None],
    groups: Sequence[str] | None,
) -> Saved:
    """Change a resource, and its security groups unless they are None.

    Raises NotFound, Invalid, SubnetNotPublic, and what ``decide`` raises.
    """

    async def work(unit: UnitOfWork) -> None:
        member = await unit.load(kind, id_or_name)
        decide(member)
        await change_security_groups(cloud, member, groups)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if conflict.claim.scope == PUBLIC_SCOPE:
            # What is published is changed of load balancers only.
            of = await cloud.load_by_id(Subnet, conflict.claim.owner)
            raise _not_public(of.name, "listeners") from None
        if not recovers(cloud, conflict):
            raise conflict

    return await cloud.transact(request, work, recover)


async def references(
    cloud: Cloud, vpc: tuple[str, str], subnet_name: str | None, groups: Sequence[str] | None
) -> dict[str, Any]:
    """Return a subnet and groups of a VPC (id and name), as a template refers to them; what is None is left out.

    Raises NotFound, Invalid, BeingDeleted.
    """
    found: dict[str, Any] = {}
    if subnet_name is not None:
        place = await subnet.find_in(cloud, _uuid(vpc[0]), vpc[1], subnet_name)
        found |= {"subnet_id": place.public_id, "subnet_name": place.name}
    if groups is not None:
        members_of = await security_group.find_in(cloud, _uuid(vpc[0]), vpc[1], groups)
        found["security_groups"] = tuple(map(_reference, members_of))
    return found


async def _find(cloud: Cloud, vpc: tuple[UUID, str], place: Place) -> _Found:
    found = await subnet.find_in(cloud, *vpc, place.subnet)
    groups = await security_group.find_in(cloud, *vpc, place.security_groups)
    requires = (found.place_claim(), *(each.alive_claim() for each in groups))
    return _Found(found, tuple(map(_reference, groups)), requires)


async def _taken_by_others(
    cloud: Cloud, vpc_id: UUID, owner: Aggregate, prefers: Sequence[str | None]
) -> set[str]:
    """Return the addresses in use, but for those that a resource has already and wants to keep."""
    found = await addresses.in_use(cloud, vpc_id)
    return {address for address, claim in found.items() if address not in prefers or claim.owner != owner.id}


async def _address(cloud: Cloud, member: WithInterface, of: Subnet, place: Place, prefers: str | None) -> str:
    """Return the address that a resource gets in a subnet."""
    publishes = member.publishes if place.publishes is None else place.publishes
    if publishes and not of.public:
        raise _not_public(of.name, "subnet")
    vpc_id = _uuid(of.vpc_id)
    if place.address is not None:
        return await _asked(cloud, of, place.address)
    if prefers is not None and await _may_keep(cloud, member, of, prefers):
        return prefers
    # Where to begin differs from one resource to another, so that most find an address at once, also concurrent ones.
    first = of.free_address((), member.id.int)
    if first is not None and await addresses.holder(cloud, vpc_id, first) is None:
        return first
    free = of.free_address((await addresses.in_use(cloud, vpc_id)).keys(), member.id.int)
    if free is None:
        raise _full(of)
    return free


async def _may_keep(cloud: Cloud, member: WithInterface, of: Subnet, address: str) -> bool:
    if not _is_in(of, address):
        return False
    claim = await addresses.holder(cloud, _uuid(of.vpc_id), address)
    # By its id: another resource may have got both the name and the address of one in the trash.
    return claim is None or claim.owner == member.id


def _full(of: Subnet) -> NoFreeAddress:
    return NoFreeAddress(
        f"cannot find a free address in subnet {of.name} of VPC {of.vpc_name}: all of {of.cidr} are in use; use "
        "another subnet, or delete what you do not need",
        field="subnet",
    )


def _not_public(name: str, field: str) -> SubnetNotPublic:
    return SubnetNotPublic(
        f"cannot publish a port of the host from subnet {name}: it is not public; use another subnet, publish nothing, "
        "or make the subnet public first",
        field=field,
    )


async def _asked(cloud: Cloud, of: Subnet, address: str) -> str:
    if why := of.why_unusable(address):
        raise must("address", f"be a free address of subnet {of.name}, or left out", address, why=why)
    if (claim := await addresses.holder(cloud, _uuid(of.vpc_id), address)) is not None:
        raise _taken(address, claim.note)
    return address


def _taken(address: str, name: str | None) -> AddressTaken:
    return AddressTaken(
        f"cannot use the address {address}: {name or 'another resource'} has it; choose another one, or leave "
        "`address` out",
        field="address",
    )


def _is_in(of: Subnet, address: str) -> bool:
    """Return whether an address is in a subnet; also one that is reserved, as an earlier version gave to containers."""
    parsed = IPv4Address(address)
    others: Collection[str] = of.others.values()
    return parsed in IPv4Network(of.cidr) and not any(parsed in IPv4Network(each) for each in others)


def _reference(group: SecurityGroup) -> GroupRef:
    return GroupRef(group.public_id, group.name)


def _uuid(vpc_id: str) -> UUID:
    parsed = parse_id(vpc_id)
    assert parsed is not None  # noqa: S101 - the id of a VPC that was found
    return parsed[1]
