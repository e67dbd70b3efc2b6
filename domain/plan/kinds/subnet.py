"""Subnets: the range is fixed, the rest changes in place."""

from typing import Any, ClassVar

from domain.plan.draft import Draft, cannot
from domain.plan.estate import Resource
from domain.plan.kinds.in_vpc import InVpcKind
from domain.plan.kinds.words import Differences, afters, befores, listed
from domain.plan.step import Action


class SubnetKind(InVpcKind):
    """The rules of subnets."""

    CHOSEN: ClassVar[frozenset[str]] = frozenset({"cidr"})
    PATCHED: ClassVar[frozenset[str]] = frozenset({"public", "internet", "tags"})

    def as_created(self) -> dict[str, Any]:
        """Return the fields of a default subnet that nobody has changed."""
        return {"public": True, "internet": True}

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ. How long the prefix of a chosen range is says nothing of another range."""
        found = super().differences(desired, current)
        return {name: both for name, both in found.items() if name != "prefix"}

    def refuse_fixed(self, current: Resource, fixed: Differences) -> Draft:
        """Return that a range stays as it is."""
        reason = f"{listed(fixed)} of a subnet cannot be changed: create another one under another name"
        return cannot(current.key, reason, befores(fixed), afters(fixed))

    def new(self, desired: Resource, action: Action = Action.CREATE) -> Draft:
        """Return its creation, once the range is free."""
        made = super().new(desired, action)
        return made.having(takes=made.takes | {_ranges(desired)})

    def removal(self, current: Resource, action: Action | None = None) -> Draft:
        """Return its removal, after which its range is free."""
        gone = super().removal(current, action)
        return gone.having(frees=gone.frees | {_ranges(current)})


def _ranges(resource: Resource) -> tuple[str, str]:
    """Return what stands for the ranges of a VPC."""
    return ("ranges", resource.spec["vpc"])
