"""VPCs are networks of their own: what is in one cannot reach what is in another.

Rules
-----
* A VPC has a private range that overlaps no other VPC of any account.
* A VPC in use cannot be deleted.
* A VPC that is being deleted takes no new instance and no change.
"""

from collections.abc import Mapping
from typing import Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.managed import Managed

SUBNET_SCOPE = "subnet"


class Vpc(Managed):
    """One private network."""

    PREFIX = "vpc"

    class CreateRequested(Aggregate.Created):
        """A network was asked for."""

        account_id: str
        name: str
        cidr: str
        tags: dict[str, str]

    @classmethod
    def create(cls, account_id: str, name: str, cidr: str, tags: Mapping[str, str]) -> Self:
        """Ask for a network. Raises Invalid."""
        network = values.cidr(cidr)
        vpc = cls(account_id=account_id, name=values.name(name), cidr=str(network), tags=values.tags(tags))
        vpc.conditions.claims += vpc.held_claims()
        return vpc

    def delete(self) -> None:
        """Give the network up; refused on saving while anything is in it."""
        if not self.is_deleting:
            self.conditions.unused.append(use_scope(self.id))
            self.conditions.releases.append(self.alive_claim())
        super().delete()

    def held_claims(self) -> list[Claim]:
        """Return its name, its range and, until it is given up, that it lives."""
        if self.status == "deleted":
            return []
        alive = [] if self.is_deleting else [self.alive_claim()]
        return [*super().held_claims(), *alive, *self._subnet_claims()]

    def alive_claim(self) -> Claim:
        """Return the claim that stands while instances may be put into the VPC."""
        return alive_claim(self.public_id)

    def _subnet_claims(self) -> list[Claim]:
        return [
            Claim(SUBNET_SCOPE, block, self.id, self.name) for block in values.blocks(values.cidr(self.cidr))
        ]

    @event(CreateRequested)
    def __init__(self, account_id: str, name: str, cidr: str, tags: dict[str, str]) -> None:
        self._begin(account_id, name, tags)
        self.cidr = cidr


def alive_claim(vpc_id: str) -> Claim:
    """Return the claim that stands while a VPC takes what is new."""
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
