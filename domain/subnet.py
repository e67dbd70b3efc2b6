"""Subnets are ranges of a VPC, from which what is in it gets its addresses.

Rules
-----
* The range of a subnet is within that of its VPC, and overlaps no other subnet of it.
* Every VPC has a subnet `default`, from its creation to its deletion. It has what no other subnet has: another one
  takes its range from it, and returns it when it is deleted.
* A range is only taken from the default subnet while nobody has an address in it. A subnet in which somebody has an
  address cannot be deleted.
* The first four addresses of a range and the last one are given to nobody, as on AWS.
* In a subnet that is not public, nothing is published on a port of the host.
* A name is unique within its VPC. `<name>.<VPC>` is unique in the account.
* There is nothing to reconcile: a subnet is available as soon as it is created.
"""

from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Self
from uuid import UUID, uuid5

from domain import values
from domain.aggregate import Aggregate, Claim, name_scope
from domain.errors import Conflict
from domain.managed import Managed
from domain.vpc import Vpc, use_claim

DEFAULT = "default"
MAX_PREFIX = 28
PUBLIC_SCOPE = "public-subnet"
RESERVED_FIRST = 4
"""How many addresses at the beginning of a range are given to nobody: the network, the gateway and two more."""


class SubnetRangeTaken(Conflict):
    """cannot use a range that overlaps another subnet or contains an address in use"""

    code = "subnet_range_taken"


class DefaultSubnet(Conflict):
    """cannot delete the default subnet of a VPC"""

    code = "default_subnet"


class Subnet(Managed):
    """One range of a VPC."""

    PREFIX = "subnet"
    IS_IN_VPC = True

    vpc_id: str
    vpc_name: str
    cidr: str
    public: bool
    internet: bool
    is_default: bool
    others: dict[str, str]
    """The ranges of the other subnets of its VPC, by id. Only the default subnet knows them."""
    layout: int = 0
    """How often the ranges of the VPC have changed. Only the default subnet counts that."""

    class CreateRequested(Aggregate.Created):
        """A subnet was created: by a request, or the default one with its VPC."""

        account_id: str
        name: str
        vpc_id: str
        vpc_name: str
        cidr: str
        public: bool
        internet: bool
        is_default: bool
        tags: dict[str, str]

        def apply(self, aggregate: "Subnet") -> None:
            aggregate.vpc_id, aggregate.vpc_name = self.vpc_id, self.vpc_name
            aggregate.cidr = self.cidr
            aggregate.public, aggregate.internet = self.public, self.internet
            aggregate.is_default = self.is_default
            aggregate.others = {}
            aggregate.was_available = True
            aggregate.set_status("available")

    class AccessChanged(Aggregate.Event):
        """Whether its members may publish ports, or reach what is outside the VPC, was changed."""

        public: bool
        internet: bool

        def apply(self, aggregate: "Subnet") -> None:
            aggregate.public, aggregate.internet = self.public, self.internet

    class RangeCeded(Aggregate.Event):
        """Another subnet took its range from the default one."""

        subnet_id: str
        subnet_name: str
        cidr: str

        def apply(self, aggregate: "Subnet") -> None:
            aggregate.others = {**aggregate.others, self.subnet_id: self.cidr}
            aggregate.layout += 1

    class RangeReturned(Aggregate.Event):
        """The default subnet has the range of a deleted one again."""

        subnet_id: str
        subnet_name: str
        cidr: str

        def apply(self, aggregate: "Subnet") -> None:
            aggregate.others = {key: each for key, each in aggregate.others.items() if key != self.subnet_id}
            aggregate.layout += 1

    class RangeReplaced(Aggregate.Event):
        """The VPC of the default subnet has another range."""

        cidr: str

        def apply(self, aggregate: "Subnet") -> None:
            aggregate.cidr = self.cidr
            aggregate.layout += 1

    @classmethod
    def create(
        cls,
        account_id: str,
        name: str,
        vpc: Vpc,
        cidr: str,
        tags: Mapping[str, str],
        *,
        public: bool = True,
        internet: bool = True,
    ) -> Self:
        """Request a subnet; ``cede`` of the default one must be saved with it. Raises Invalid."""
        subnet = cls._create(
            cls.CreateRequested,
            account_id=account_id,
            name=values.name(name),
            vpc_id=vpc.public_id,
            vpc_name=vpc.name,
            cidr=str(_range(cidr, vpc)),
            public=public,
            internet=internet,
            is_default=False,
            tags=values.tags(tags),
        )
        subnet.conditions.claims += subnet.held_claims()
        subnet.conditions.requires.append(vpc.alive_claim())
        subnet.conditions.unused += subnet.address_block_scopes()
        return subnet

    @classmethod
    def create_default(cls, vpc: Vpc) -> Self:
        """Return the default subnet of a VPC, which is saved with the VPC or later."""
        subnet = cls._create(
            cls.CreateRequested,
            id=default_subnet_id(vpc.id),
            account_id=vpc.account_id,
            name=DEFAULT,
            vpc_id=vpc.public_id,
            vpc_name=vpc.name,
            cidr=vpc.cidr,
            public=True,
            internet=True,
            is_default=True,
            tags={},
        )
        subnet.conditions.claims += subnet.held_claims()
        return subnet

    def cede(self, other: "Subnet") -> None:
        """Leave its range to another subnet; only the default one does. Raises BeingDeleted, SubnetRangeTaken."""
        self.refuse_if_deleting()
        wanted = IPv4Network(other.cidr)
        for cidr in self.others.values():
            if wanted.overlaps(IPv4Network(cidr)):
                raise SubnetRangeTaken(
                    f"cannot use {other.cidr}: the subnet in {cidr} of VPC {self.vpc_name} overlaps it; choose another "
                    "range",
                    field="cidr",
                )
        self._change_layout(
            self.RangeCeded, subnet_id=other.public_id, subnet_name=other.name, cidr=other.cidr
        )

    def take_back(self, other: "Subnet") -> None:
        """Take the range of a subnet back that is deleted; only the default one does."""
        if other.public_id in self.others:
            self._change_layout(
                self.RangeReturned, subnet_id=other.public_id, subnet_name=other.name, cidr=other.cidr
            )

    def replace_range(self, cidr: str) -> None:
        """Follow the VPC to another range; only the default subnet does, while it is the only one. Raises Conflict."""
        if self.others:
            raise Conflict(
                f"cannot choose another range for VPC {self.vpc_name}: it has other subnets; delete them first"
            )
        self._change_layout(self.RangeReplaced, cidr=cidr)

    def change_access(self, *, public: bool | None = None, internet: bool | None = None) -> None:
        """Change what its members may do. Raises BeingDeleted; saving raises while a member publishes a port."""
        self.refuse_if_deleting()
        wanted = (
            self.public if public is None else public,
            self.internet if internet is None else internet,
        )
        if wanted == (self.public, self.internet):
            return
        if self.public and not wanted[0]:
            self.conditions.unused.append(publish_scope(self.public_id))
            self.conditions.releases.append(self.public_claim())
        elif wanted[0] and not self.public:
            self.conditions.claims.append(self.public_claim())
        self.trigger_event(self.AccessChanged, public=wanted[0], internet=wanted[1])

    def refuse_to_delete(self) -> None:
        """Raise DefaultSubnet."""
        if self.is_default:
            raise DefaultSubnet(
                f"cannot delete the default subnet of VPC {self.vpc_name}: it goes with the VPC; delete that"
            )

    def delete(self) -> None:
        """Delete it; refused on saving while an address of it is in use. ``take_back`` must be saved with it."""
        if not self.is_deleting:
            super().delete()
            self.conditions.unused += self.address_block_scopes()
            self.report_deleted()

    def delete_with_vpc(self) -> None:
        """Delete the default subnet with its VPC, in which nothing is."""
        if not self.is_deleting:
            self.trigger_event(self.DeleteRequested)
            self.report_deleted()

    def free_address(self, taken: Collection[str], start: int) -> str | None:
        """Return an address of it that nobody has; see ``free_address``."""
        return free_address(self.cidr, list(self.others.values()), taken, start)

    def why_unusable(self, address: str) -> str | None:
        """Return why a member cannot have this address, whether it is taken or not; None when it can."""
        return why_unusable(self.cidr, list(self.others.values()), address)

    def name_claim(self) -> Claim:
        """Return the claim that makes its name unique in its VPC."""
        return Claim(name_scope(self.account_id, self.KIND), qualified(self.name, self.vpc_name), self.id)

    def place_claim(self) -> Claim:
        """Return the claim that a new member requires: that the subnet lives, and has the range that was read."""
        key = f"{self.public_id}/{self.layout}" if self.is_default else self.public_id
        return Claim("alive", key, self.id)

    def public_claim(self) -> Claim:
        """Return the claim that a new member which publishes a port requires."""
        return public_claim(self.public_id)

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name, that it lives, that it is public, and on its place in the VPC."""
        if self.status == "deleted":
            return []
        public = [self.public_claim()] if self.public else []
        # The default subnet goes with its VPC, which it must not keep from being deleted.
        use = [] if self.is_default else [use_claim(self.vpc_id, self)]
        return [self.name_claim(), self.place_claim(), *public, *use]

    def address_block_scopes(self) -> list[str]:
        """Return the scopes that list the addresses of its range which are in use."""
        blocks = IPv4Network(self.cidr).subnets(new_prefix=MAX_PREFIX)
        return [_block_scope(_uuid(self.vpc_id), block) for block in blocks]

    def _change_layout(self, event: type[Aggregate.Event], **values: str) -> None:
        self.conditions.releases.append(self.place_claim())
        self.trigger_event(event, **values)
        self.conditions.claims.append(self.place_claim())


def default_subnet_id(vpc_id: UUID) -> UUID:
    """Return the id of the default subnet of a VPC."""
    return uuid5(vpc_id, "subnet/default")


def qualified(name: str, vpc_name: str) -> str:
    """Return what a subnet or a security group is called outside its VPC, as `public.web`."""
    return f"{name}.{vpc_name}"


def free_address(subnet_cidr: str, others: Sequence[str], taken: Collection[str], start: int) -> str | None:
    """Return an address of a subnet that nobody has, or None.

    ``others`` are the ranges of the VPC's other subnets, for the default one. ``start`` says where to begin looking: if
    it differs from one resource to another, concurrent launches rarely choose the same address.
    """
    network = IPv4Network(subnet_cidr)
    ceded = [IPv4Network(each) for each in others]
    usable = network.num_addresses - RESERVED_FIRST - 1
    for step in range(usable):
        address = network[RESERVED_FIRST + (start + step) % usable]
        if str(address) not in taken and not any(address in each for each in ceded):
            return str(address)
    return None


def why_unusable(subnet_cidr: str, others: Sequence[str], address: str) -> str | None:
    """Return why an address cannot be given to a member of a subnet, None when it can."""
    network = IPv4Network(subnet_cidr)
    try:
        parsed = IPv4Address(address)
    except ValueError:
        return "it is not an IPv4 address"
    if parsed not in network:
        return f"it is not in the range {network} of the subnet"
    if any(parsed in IPv4Network(each) for each in others):
        return "it is in the range of another subnet"
    offset = int(parsed) - int(network.network_address)
    if offset < RESERVED_FIRST or parsed == network.broadcast_address:
        return f"the first {RESERVED_FIRST} addresses of a subnet and the last one are reserved"
    return None


def address_scope(vpc_id: UUID) -> str:
    """Return the scope that lists the addresses of a VPC which are in use; the note of each claim names its owner."""
    return f"address/{vpc_id}"


def address_claims(vpc_id: str, address: str, owner: Aggregate) -> list[Claim]:
    """Return the claims by which a resource has an address: nobody else has it, and its block is in use."""
    uuid = _uuid(vpc_id)
    block = IPv4Network((address, MAX_PREFIX), strict=False)
    return [
        Claim(address_scope(uuid), address, owner.id, owner.name),
        Claim(_block_scope(uuid, block), address, owner.id, owner.name),
    ]


def public_claim(subnet_id: str) -> Claim:
    """Return the claim that holds while a subnet is public."""
    return Claim(PUBLIC_SCOPE, subnet_id, _uuid(subnet_id))


def publish_scope(subnet_id: str) -> str:
    """Return the scope that lists the members of a subnet which publish a port of the host."""
    return f"subnet-publish/{_uuid(subnet_id)}"


def publish_claim(subnet_id: str, member: Aggregate) -> Claim:
    """Return the claim by which a member publishes ports; its subnet stays public meanwhile."""
    return Claim(publish_scope(subnet_id), member.public_id, member.id, member.name)


def _block_scope(vpc_id: UUID, block: IPv4Network) -> str:
    return f"address-block/{vpc_id}/{block.network_address}"


def _range(text: str, vpc: Vpc) -> IPv4Network:
    whole, network = IPv4Network(vpc.cidr), values.cidr(text)
    if not network.subnet_of(whole):
        raise values.must("cidr", f"be within the range {whole} of VPC {vpc.name}", str(network))
    return network


def _uuid(public_id: str) -> UUID:
    parsed = values.parse_id(public_id)
    assert parsed is not None  # noqa: S101 - the id of a resource that was found
    return parsed[1]
