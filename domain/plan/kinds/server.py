"""Managed servers: some fields change in place; another server would lose the data, and is never a replacement."""

from dataclasses import replace
from typing import ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft
from domain.plan.estate import Resource
from domain.plan.kinds.kind import Kind
from domain.plan.kinds.words import Differences
from domain.plan.step import Action


class ServerKind(Kind):
    """The rules that databases, caches and queues share."""

    RANK: ClassVar[int] = 2
    REMOVAL: ClassVar[Action] = Action.TRASH
    CHOSEN: ClassVar[frozenset[str]] = frozenset({"version", "memory_mb", "eviction", "volume"})
    PATCHED: ClassVar[frozenset[str]] = frozenset(
        {"cpus", "memory_mb", "security_groups", "deletion_protection", "tags"}
    )

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ. The volume that it was given at its creation is its own since."""
        found = super().differences(desired, current)
        return {name: both for name, both in found.items() if name != "volume"}

    def kept(self, resource: Resource) -> str:
        """Return what becomes of its data."""
        del resource
        return "its data goes to the trash with it"

    def is_restorable(self, desired: Resource, context: Context) -> bool:
        """Return whether it can come back from the trash, perhaps with another host port than it has there.

        A server in whose place another one was restored has given its port to that one.
        """
        trashed = context.trashed(desired)
        if trashed is None:
            return False
        return not self.fixed(self.differences(desired, trashed)).keys() - {"publish"}

    def named(self, trashed: Resource, desired: Resource) -> Resource:
        """Return it as it is when it has been restored: its host port may be given again."""
        found = super().named(trashed, desired)
        port = desired.spec.get("publish")
        return found if port is None else replace(found, spec={**found.spec, "publish": port})

    def restored(self, named: Resource, trashed: Resource) -> Draft:
        """Return its restoration from the trash, with the host port that it has given away."""
        made, port = super().restored(named, trashed), named.spec.get("publish")
        if port == trashed.spec.get("publish"):
            return made
        return made.having(body={**made.body, "publish": port})
