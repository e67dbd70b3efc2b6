"""Commands for subnets."""

from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

from pydantic import Field

from domain.aggregate import Claim
from domain.errors import Conflict, DomainError, NotFound
from domain.store import ScopeInUse
from domain.subnet import (
    DEFAULT,
    MAX_PREFIX,
    Subnet,
    SubnetRangeTaken,
    address_scope,
    default_subnet_id,
    qualified,
)
from domain.values import must, parse_id, shown
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import addresses, defaults
from miniaws.commands.body import Body, Change, Name, NewTags, Tags, VpcName


class SubnetNotEnforced(Conflict):
    """cannot keep members of a subnet from the internet on this host"""

    code = "subnet_not_enforced"


class CreateSubnet(Body):
    """A subnet to create."""

    name: Name = Field(
        description="1 to 63 lower-case letters, digits and hyphens; unique in its VPC", examples=["private"]
    )
    vpc: VpcName = "default"
    cidr: str | None = Field(
        default=None,
        title="Address range",
        description="a part of the VPC's range that no other subnet has, and in which nobody has an address; left out: "
        "a free one",
        examples=["10.20.0.128/26"],
    )
    prefix: int | None = Field(
        default=None,
        title="Prefix length",
        ge=16,
        le=28,
        description="size of a range that is chosen, e.g. 26 for 64 addresses; left out: a quarter of the VPC",
        examples=[26],
    )
    public: bool = Field(
        default=True, title="Public", description="whether ports can be published on the host"
    )
    internet: bool = Field(
        default=True, title="Internet", description="whether members can reach what is outside the VPC"
    )
    tags: Tags = Field(default={})


class ChangeSubnet(Change):
    """What can be changed of a subnet."""

    public: bool | None = Field(
        default=None,
        title="Public",
        description="whether ports can be published on the host; left out: unchanged",
    )
    internet: bool | None = Field(
        default=None,
        title="Internet",
        description="whether members can reach what is outside the VPC; left out: unchanged",
    )
    tags: NewTags = None


async def create(cloud: Cloud, request: Request, new: CreateSubnet) -> Saved:
    """Create a subnet in a part of the range of its VPC.

    Raises Invalid, NotFound, NameTaken, SubnetRangeTaken, BeingDeleted.
    """

    async def work(unit: UnitOfWork) -> None:
        vpc = await cloud.load(Vpc, unit.account_id, new.vpc)
        vpc.refuse_if_deleting()
        default = await defaults.subnet(cloud, vpc.id)
        used = [*(await addresses.in_use(cloud, vpc.id)).values()]
        cidr = new.cidr or _free_range(default, vpc, new.prefix, used)
        subnet = Subnet.create(
            unit.account_id, new.name, vpc, cidr, new.tags, public=new.public, internet=new.internet
        )
        await _refuse_unless_enforced(cloud, subnet)
        default.cede(subnet)
        if users := _within(used, subnet.cidr):
            raise _range_used(subnet.cidr, users)
        unit.add(subnet, default)

    if new.cidr is not None and new.prefix is not None:
        raise must("prefix", "be left out when `cidr` is given")
    try:
        return await cloud.transact(request, work)
    except ScopeInUse:
        # Somebody got an address in the range at the same moment.
        raise _range_used(new.cidr or "the chosen range", []) from None


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeSubnet) -> Saved:
    """Change what its members may do, the tags or both. Raises NotFound, Invalid, BeingDeleted, Conflict."""

    async def work(unit: UnitOfWork) -> None:
        subnet = await unit.load(Subnet, id_or_name)
        subnet.change_access(public=changes.public, internet=changes.internet)
        if changes.internet is not None:
            await _refuse_unless_enforced(cloud, subnet)
        if changes.tags is not None:
            subnet.change_tags(changes.tags)

    try:
        return await cloud.transact(request, work)
    except ScopeInUse as used:
        raise await _publishing(cloud, used.scope, id_or_name) from None


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a subnet in which nobody has an address. Raises NotFound, DefaultSubnet, Conflict."""

    async def work(unit: UnitOfWork) -> None:
        subnet = await unit.load(Subnet, id_or_name)
        subnet.delete()
        default = await cloud.ports.store.load(default_subnet_id(_uuid(subnet.vpc_id)))
        if isinstance(default, Subnet):
            default.take_back(subnet)
            unit.add(default)

    try:
        return await cloud.transact(request, work)
    except ScopeInUse:
        raise await _in_use(cloud, request, id_or_name) from None


async def find_in(cloud: Cloud, vpc_id: UUID, vpc_name: str, id_or_name: str = DEFAULT) -> Subnet:
    """Return a subnet of a VPC, for what is created in it. Raises NotFound, Invalid, BeingDeleted."""
    if id_or_name in {DEFAULT, qualified(DEFAULT, vpc_name)}:
        return await defaults.subnet(cloud, vpc_id)
    vpc = await cloud.load_by_id(Vpc, vpc_id)
    name = id_or_name if parse_id(id_or_name) or "." in id_or_name else qualified(id_or_name, vpc.name)
    try:
        found = await cloud.load(Subnet, vpc.account_id, name)
    except NotFound:
        raise NotFound(
            f"cannot find subnet {shown(id_or_name)} in VPC {vpc.name}; list the subnets to see what there is",
            field="subnet",
        ) from None
    if found.vpc_id != vpc.public_id:
        raise must(
            "subnet", f"be a subnet of VPC {vpc.name}", id_or_name, why=f"it is in VPC {found.vpc_name}"
        )
    found.refuse_if_deleting()
    return found


async def _refuse_unless_enforced(cloud: Cloud, subnet: Subnet) -> None:
    if not subnet.internet and (why := await cloud.ports.firewall.why_unavailable()) is not None:
        raise SubnetNotEnforced(
            f"cannot keep members of subnet {subnet.name} from the internet on this host: {why}",
            field="internet",
        )


def _free_range(default: Subnet, vpc: Vpc, prefix: int | None, used: list[Claim]) -> str:
    """Return a part of the range of the default subnet in which nobody has an address; the last ones first."""
    whole = IPv4Network(vpc.cidr)
    length = min(MAX_PREFIX, whole.prefixlen + 2) if prefix is None else prefix
    others = [IPv4Network(each) for each in default.others.values()]
    blocks = list(whole.subnets(new_prefix=length)) if length >= whole.prefixlen else []
    for block in reversed(blocks):
        if not any(block.overlaps(each) for each in others) and not _within(used, str(block)):
            return str(block)
    raise SubnetRangeTaken(
        f"cannot find a free /{length} in {whole} of VPC {vpc.name}: other subnets have it, or somebody has an address "
        "in each; choose a longer `prefix`, or a VPC with a larger range",
        field="prefix",
    )


def _within(claims: list[Claim], cidr: str) -> list[Claim]:
    """Return the claims of addresses in a range."""
    network = IPv4Network(cidr)
    return [claim for claim in claims if IPv4Address(claim.key) in network]


def _range_used(cidr: str, users: list[Claim]) -> SubnetRangeTaken:
    return SubnetRangeTaken(
        f"cannot use {cidr}: {_listed(users) or 'somebody'} has an address in it; choose another range",
        field="cidr",
        used_by=[{"address": claim.key, "name": claim.note} for claim in users],
    )


async def _in_use(cloud: Cloud, request: Request, id_or_name: str) -> DomainError:
    subnet = await cloud.load(Subnet, request.cause.account_id, id_or_name)
    users = _within(await cloud.ports.store.claims(address_scope(_uuid(subnet.vpc_id))), subnet.cidr)
    return Conflict(
        f"cannot delete subnet {subnet.name}: {_listed(users) or 'somebody'} has an address in it; delete that first",
        used_by=[{"address": claim.key, "name": claim.note} for claim in users],
    )


async def _publishing(cloud: Cloud, scope: str, id_or_name: str) -> DomainError:
    members = await cloud.ports.store.claims(scope)
    listed = ", ".join(f"{claim.note} ({claim.key})" for claim in members[:10])
    return Conflict(
        f"cannot make subnet {id_or_name} private: {listed or 'a member'} publishes host ports; delete that first",
        field="public",
        used_by=[{"id": claim.key, "name": claim.note} for claim in members],
    )


def _listed(users: list[Claim]) -> str:
    more = f" and {len(users) - 10} more" if len(users) > 10 else ""
    return ", ".join(f"{claim.note} ({claim.key})" for claim in users[:10]) + more


def _uuid(vpc_id: str) -> UUID:
    parsed = parse_id(vpc_id)
    assert parsed is not None  # noqa: S101 - the id of a VPC that was found
    return parsed[1]
