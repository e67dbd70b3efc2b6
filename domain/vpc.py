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
from domain.errors import Conflict

SUBNET_SCOPE = "subnet"


class VpcDeleted(Conflict):
    """cannot change a VPC that is being deleted"""

    code = "vpc_deleted"


class Vpc(Aggregate):
    """One private network."""

    PREFIX = "vpc"

    class CreateRequested(Aggregate.Created):
        """A network was asked for."""

        account_id: str
        name: str
        cidr: str
        tags: dict[str, str]

    class BecameAvailable(Aggregate.Event):
        """The network is there."""

    class Failed(Aggregate.Event):
        """The network cannot be brought in line at the moment."""

        reason: str

    class TagsChanged(Aggregate.Event):
        """The tags are others."""

        tags: dict[str, str]

    class DeleteRequested(Aggregate.Event):
        """The network is not wanted any more."""

    class Deleted(Aggregate.Event):
        """The network is gone."""

    @classmethod
    def create(cls, account_id: str, name: str, cidr: str, tags: Mapping[str, str]) -> Self:
        """Ask for a network. Raises Invalid."""
        network = values.cidr(cidr)
        vpc = cls(account_id=account_id, name=values.name(name), cidr=str(network), tags=values.tags(tags))
        vpc.conditions.claims += vpc.held_claims()
        return vpc

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises VpcDeleted, Invalid."""
        self._refuse_if_deleted()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def delete(self) -> None:
        """Give the network up; refused on saving while anything is in it."""
        if self.is_deleting:
            return
        self.trigger_event(self.DeleteRequested)
        self.conditions.unused.append(use_scope(self.id))
        self.conditions.releases.append(self.alive_claim())

    def report_available(self) -> None:
        """Note that the network is there."""
        if self.status != "available" and not self.is_deleting:
            self.trigger_event(self.BecameAvailable)

    def report_failed(self, reason: str) -> None:
        """Note why the network cannot be brought in line; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_deleted(self) -> None:
        """Note that the network is gone."""
        if self.status != "deleted":
            self.trigger_event(self.Deleted)
            self.conditions.releases += [self.name_claim(), *self._subnet_claims()]

    def held_claims(self) -> list[Claim]:
        """Return its name, its range and, until it is given up, that it lives."""
        if self.status == "deleted":
            return []
        alive = [] if self.is_deleting else [self.alive_claim()]
        return [self.name_claim(), *alive, *self._subnet_claims()]

    def alive_claim(self) -> Claim:
        """Return the claim that stands while instances may be put into the VPC."""
        return Claim("alive", self.public_id, self.id)

    def _subnet_claims(self) -> list[Claim]:
        return [
            Claim(SUBNET_SCOPE, block, self.id, self.name) for block in values.blocks(values.cidr(self.cidr))
        ]

    def _refuse_if_deleted(self) -> None:
        if self.is_deleting:
            raise VpcDeleted(f"cannot change VPC {self.name}: it is {self.status}")

    @event(CreateRequested)
    def __init__(self, account_id: str, name: str, cidr: str, tags: dict[str, str]) -> None:
        self.account_id = account_id
        self.name = name
        self.cidr = cidr
        self.tags = tags
        self.status = "creating"
        self.status_reason: str | None = None
        self.is_deleting = False

    @event(BecameAvailable)
    def _became_available(self) -> None:
        self.status = "available"
        self.status_reason = None

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "error"
        self.status_reason = reason

    @event(TagsChanged)
    def _tags_changed(self, tags: dict[str, str]) -> None:
        self.tags = tags

    @event(DeleteRequested)
    def _delete_requested(self) -> None:
        self.status = "deleting"
        self.status_reason = None
        self.is_deleting = True

    @event(Deleted)
    def _deleted(self) -> None:
        self.status = "deleted"
        self.status_reason = None


def use_scope(vpc_id: UUID) -> str:
    """Return the scope that lists what is in a VPC; the note of each claim names it."""
    return f"vpc-use/{vpc_id}"
