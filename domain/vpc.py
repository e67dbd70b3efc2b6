"""VPCs are networks of their own: what is in one cannot reach what is in another.

Rules
-----
* A VPC has a private range that overlaps no other VPC of any account.
* A range that was chosen for it gives way to another one when the host cannot use it; one that was asked for stays.
* A VPC in use cannot be deleted.
* A VPC that is being deleted takes no new instance and no change.
"""

from collections.abc import Mapping
from typing import Any, Self
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
        """A network was asked for, with a range of its own or one that was chosen for it."""

        class_version = 2

        account_id: str
        name: str
        cidr: str
        tags: dict[str, str]
        is_chosen: bool

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Let a range of which nothing else is known have been asked for."""
            payload["is_chosen"] = False

    class RangeReplaced(Aggregate.Event):
        """Another range was chosen, as the host cannot use the one before."""

        cidr: str
        reason: str

    @classmethod
    def create(
        cls, account_id: str, name: str, cidr: str, tags: Mapping[str, str], *, is_chosen: bool = False
    ) -> Self:
        """Ask for a network; ``is_chosen`` when nobody asked for this very range. Raises Invalid."""
        vpc = cls(
            account_id=account_id,
            name=values.name(name),
            cidr=str(values.cidr(cidr)),
            tags=values.tags(tags),
            is_chosen=is_chosen,
        )
        vpc.conditions.claims += vpc.held_claims()
        return vpc

    def replace_range(self, cidr: str, reason: str) -> None:
        """Give up a range that was chosen for it, and take another one. Raises BeingDeleted."""
        self.refuse_if_deleting()
        self.conditions.releases += self._subnet_claims()
        self.trigger_event(self.RangeReplaced, cidr=cidr, reason=reason)
        self.conditions.claims += self._subnet_claims()

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
    def __init__(
        self,
        account_id: str,
        name: str,
        cidr: str,
        tags: dict[str, str],
        is_chosen: bool,  # noqa: FBT001 - named in the event
    ) -> None:
        self._begin(account_id, name, tags)
        self.cidr = cidr
        self.is_chosen = is_chosen

    @event(RangeReplaced)
    def _range_replaced(self, cidr: str, reason: str) -> None:  # noqa: ARG002 - part of the fact
        self.cidr = cidr
        self._turn("creating")


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
