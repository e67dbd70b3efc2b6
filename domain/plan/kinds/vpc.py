"""VPCs: the range is fixed, and a VPC is replaced only while nothing is in it."""

from typing import ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot
from domain.plan.estate import Resource
from domain.plan.kinds.kind import Kind
from domain.plan.kinds.words import Differences, afters, befores, using


class VpcKind(Kind):
    """The rules of VPCs."""

    RANK: ClassVar[int] = 0
    CHOSEN: ClassVar[frozenset[str]] = frozenset({"cidr"})
    REPLACED: ClassVar[bool] = True

    def renews(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether it is replaced: only when nothing is in it."""
        return super().renews(desired, current, context) and _why_not_empty(current, context) is None

    def replacement(
        self, desired: Resource, current: Resource, fixed: Differences, context: Context
    ) -> list[Draft]:
        """Return its replacement, or why it stays as it is."""
        reason = _why_not_empty(current, context)
        if reason is None:
            return super().replacement(desired, current, fixed, context)
        refused = cannot(
            current.key,
            f"a VPC is replaced only while nothing is in it: {reason}",
            befores(fixed),
            afters(fixed),
        )
        rest = Resource(
            desired.kind, desired.name, {**desired.spec, "cidr": None}, desired.tags, desired.running
        )
        return [refused, *self.change(rest, current, context)]

    def remove(self, current: Resource, context: Context) -> list[Draft]:
        """Return its deletion."""
        if current.key in context.facts.occupied:
            return [self.removal(current).refused("something that is no part of the plan is in it")]
        return super().remove(current, context)


def _why_not_empty(current: Resource, context: Context) -> str | None:
    users = context.users.get(current.key)
    if users:
        return using(users)
    return "something that is no part of the plan is in it" if current.key in context.facts.occupied else None
