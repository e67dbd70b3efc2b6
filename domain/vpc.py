"""VPCs are networks of their own: what is in one cannot reach what is in another.

Rules
-----
* A VPC has a private range that overlaps no other VPC of any account.
* The range is within RFC 1918 or 100.64.0.0/10. An earlier version accepted others: such a VPC is loaded, but gets
  no network, and nothing is forwarded into it.
* A range that was chosen for it gives way to another one when the host cannot use it; one that was requested stays.
* A VPC in use cannot be deleted.
* A VPC that is being deleted takes no new instance and no change.
"""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any, Self
from uuid import UUID

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.managed import Managed

SUBNET_SCOPE = "subnet"


class Vpc(Managed):
    """One private network."""

    PREFIX = "vpc"

    cidr: str
    is_chosen: bool

    class CreateRequested(Aggregate.Created):
        """A network was requested, with a range of its own or one that was chosen for it."""

        class_version = 2

        account_id: str
        name: str
        cidr: str
        tags: dict[str, str]
        is_chosen: bool

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Assume that the range was requested."""
            payload["is_chosen"] = False

        def apply(self, aggregate: "Vpc") -> None:
            aggregate.cidr = self.cidr
            aggregate.is_chosen = self.is_chosen

    class RangeReplaced(Aggregate.Event):
        """Another range was chosen, because the host cannot use the previous one."""

        cidr: str
        reason: str

        def apply(self, aggregate: "Vpc") -> None:
            aggregate.cidr = self.cidr
            aggregate.was_available = False
            aggregate.set_status("creating")

    @classmethod
    def create(
        cls, account_id: str, name: str, cidr: str, tags: Mapping[str, str], *, is_chosen: bool = False
    ) -> Self:
        """Request a network; ``is_chosen`` when the range was not requested. Raises Invalid."""
        vpc = cls._create(
            cls.CreateRequested,
            account_id=account_id,
            name=values.name(name),
            cidr=str(values.cidr(cidr)),
            tags=values.tags(tags),
            is_chosen=is_chosen,
        )
        vpc.conditions.claims += vpc.held_claims()
        return vpc

    def replace_range(self, cidr: str, reason: str) -> None:
        """Replace a range that was chosen for it by another one. Raises BeingDeleted."""
        self.refuse_if_deleting()
        self.conditions.releases += self._subnet_claims()
        self.trigger_event(self.RangeReplaced, cidr=cidr, reason=reason)
        self.conditions.claims += self._subnet_claims()

    def delete(self) -> None:
        """Request its deletion; refused on saving while anything is in it."""
        if not self.is_deleting:
            self.conditions.unused.append(use_scope(self.id))
            self.conditions.releases.append(self.alive_claim())
        super().delete()

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name and its range and, until its deletion is requested, that it is alive."""
        if self.status == "deleted":
            return []
        alive = [] if self.is_deleting else [self.alive_claim()]
        return [*super().held_claims(), *alive, *self._subnet_claims()]

    def why_unreachable(self, address: str) -> str | None:
        """Return why the host must not connect to an address on behalf of a tenant, None when it may."""
        if not self.was_available:
            # Without the network, the host's own routes would lead the packets elsewhere.
            return f"the network of VPC {self.name} has not been created yet"
        return why_unreachable(address, IPv4Network(self.cidr))

    def alive_claim(self) -> Claim:
        """Return the claim that holds while instances may be put into the VPC."""
        return alive_claim(self.public_id)

    def _subnet_claims(self) -> list[Claim]:
        return [
            Claim(SUBNET_SCOPE, block, self.id, self.name) for block in values.blocks(IPv4Network(self.cidr))
        ]


def why_unreachable(address: str, network: IPv4Network) -> str | None:
    """Return why an address is not that of a machine in a VPC's network, None when it is."""
    if not values.is_private(network):
        return f"the range {network} of its VPC is not private; use a VPC with another range"
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        return "it is not an IPv4 address"
    if parsed not in network:
        return f"it is not in the range {network} of the VPC"
    if parsed in {network.network_address, network.broadcast_address}:
        return f"it is the network or broadcast address of {network}"
    if parsed == gateway(network):
        return f"it is the gateway of {network}, which is the host itself"
    return None


def gateway(network: IPv4Network) -> IPv4Address:
    """Return the address that the host has in a VPC's network: the first one."""
    return network.network_address + 1


def internal_name(name: str, vpc_name: str) -> str:
    """Return the fully qualified name of a resource in a VPC, which containers of the VPC find it by."""
    return f"{name}.{vpc_name}.internal"


def alive_claim(vpc_id: str) -> Claim:
    """Return the claim that holds while resources may be put into a VPC."""
    return Claim("alive", vpc_id, _uuid(vpc_id))


def use_claim(vpc_id: str, user: Aggregate) -> Claim:
    """Return the claim by which a resource is in a VPC, which cannot be deleted meanwhile."""
    return Claim(use_scope(_uuid(vpc_id)), user.public_id, user.id, user.name)


def use_scope(vpc_id: UUID) -> str:
    """Return the scope that lists what is in a VPC; the note of each claim names it."""
    return f"vpc-use/{vpc_id}"


def _uuid(vpc_id: str) -> UUID:
    parsed = values.parse_id(vpc_id)
    assert parsed is not None  # noqa: S101 - the id of a VPC that was found
    return parsed[1]
