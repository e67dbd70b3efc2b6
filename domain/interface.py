"""Network interfaces: what has an address in a VPC, and security groups, has one.

Rules
-----
* It has one address, from one subnet of its VPC, from its creation until it is in the trash or gone. Nobody else has
  the address meanwhile.
* It is a member of at least one and at most ``MAX_GROUPS`` security groups of its VPC.
* What publishes a port of the host is in a public subnet.
* Restored from the trash, it has the address that it had, unless somebody else has it.
* What an earlier version made has no interface until its process manager has assigned one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.security_group import MAX_GROUPS, membership_claim
from domain.subnet import address_claims, public_claim, publish_claim


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A security group, as its members refer to it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Interface:
    """Where a resource is in its VPC, and which groups it is a member of."""

    subnet_id: str
    subnet_name: str
    address: str
    security_groups: tuple[GroupRef, ...]

    @classmethod
    def of(
        cls, subnet_id: str, subnet_name: str, address: str, security_groups: Iterable[Mapping[str, str]]
    ) -> Self:
        """Return the value that an event holds as JSON."""
        return cls(subnet_id, subnet_name, address, groups_of(security_groups))

    def as_json(self) -> dict[str, Any]:
        """Return what an event holds."""
        return {
            "subnet_id": self.subnet_id,
            "subnet_name": self.subnet_name,
            "address": self.address,
            "security_groups": groups_as_json(self.security_groups),
        }

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The ids of its security groups."""
        return tuple(each.id for each in self.security_groups)


class WithInterface(Aggregate):
    """A resource with an interface. A kind sets ``interface`` to None as it is created, and says when it may change."""

    vpc_id: str
    vpc_name: str
    interface: Interface | None

    class InterfaceAssigned(Aggregate.Event):
        """It has an address and security groups in its VPC."""

        subnet_id: str
        subnet_name: str
        address: str
        security_groups: list[dict[str, str]]

        def apply(self, aggregate: "WithInterface") -> None:
            aggregate.interface = Interface.of(
                self.subnet_id, self.subnet_name, self.address, self.security_groups
            )

    class SecurityGroupsChanged(Aggregate.Event):
        """It is a member of other security groups."""

        security_groups: list[dict[str, str]]

        def apply(self, aggregate: "WithInterface") -> None:
            before = aggregate.interface
            if before is not None:
                aggregate.interface = Interface(
                    before.subnet_id, before.subnet_name, before.address, groups_of(self.security_groups)
                )

    @property
    def publishes(self) -> bool:
        """Whether it publishes a port of the host."""
        raise NotImplementedError

    def is_elsewhere(self, address: str | None) -> bool:
        """Return whether an address is not the one that it should have."""
        return self.interface is not None and address != self.interface.address

    def assign_interface(self, interface: Interface) -> None:
        """Assign it an interface, the first one or another one; saving raises when the address is taken."""
        if interface == self.interface:
            return
        before = self.interface_claims()
        self.trigger_event(self.InterfaceAssigned, **interface.as_json())
        self.exchange_claims(before)

    def restore_interface(self, interface: Interface) -> None:
        """Assign it an interface as it leaves the trash, where it holds no claims."""
        self.trigger_event(self.InterfaceAssigned, **interface.as_json())
        self.require_public()

    def change_security_groups(self, groups: Sequence[GroupRef]) -> None:
        """Make it a member of these groups, and of no others. Raises Invalid, and what ``refuse_change`` raises."""
        self.refuse_change()
        check_groups(groups)
        if self.interface is None:
            raise Conflict(
                f"cannot change the security groups of {self.name} yet: it has none; retry in a moment"
            )
        if tuple(groups) != self.interface.security_groups:
            before = self.interface_claims()
            self.trigger_event(self.SecurityGroupsChanged, security_groups=groups_as_json(groups))
            self.exchange_claims(before)

    def refuse_change(self) -> None:
        """Raise the reason why it takes no change."""
        raise NotImplementedError

    def interface_claims(self) -> list[Claim]:
        """Return the claims on its address, that it is a member of its groups, and that it publishes a port."""
        if self.interface is None:
            return []
        addresses = address_claims(self.vpc_id, self.interface.address, self)
        memberships = [membership_claim(each, self) for each in self.interface.group_ids]
        published = [publish_claim(self.interface.subnet_id, self)] if self.publishes else []
        return [*addresses, *memberships, *published]

    def exchange_claims(self, before: Sequence[Claim]) -> None:
        """Release those of the claims of its interface that it has no longer, and take those that are new."""
        after = self.interface_claims()
        self.conditions.releases += [each for each in before if each not in after]
        self.conditions.claims += [each for each in after if each not in before]
        self.require_public()

    def require_public(self) -> None:
        """Require on saving that its subnet is public, if it publishes a port."""
        if self.interface is not None and self.publishes:
            self.conditions.requires.append(public_claim(self.interface.subnet_id))


def check_groups(groups: Sequence[GroupRef]) -> None:
    """Raise Invalid for no group, too many, or the same one twice."""
    if not 1 <= len(groups) <= MAX_GROUPS:
        raise values.must("security_groups", f"have 1 to {MAX_GROUPS} groups", len(groups))
    values.distinct([each.name for each in groups], "groups", "security_groups")


def groups_of(stored: Iterable[Mapping[str, str]]) -> tuple[GroupRef, ...]:
    """Return the groups that an event holds as JSON."""
    return tuple(GroupRef(each["id"], each["name"]) for each in stored)


def groups_as_json(groups: Iterable[GroupRef]) -> list[dict[str, str]]:
    """Return what an event holds of groups."""
    return [{"id": each.id, "name": each.name} for each in groups]
