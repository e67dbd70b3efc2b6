"""Orphans: objects of the container engine that have our labels, and that no resource needs.

Rules
-----
* An orphan is held for a while, so that people can look at it. Then it is removed; earlier, if they request that.
* An object is one orphan for as long as it exists: finding it again changes nothing.
* An orphan that disappears by itself, or that a resource needs after all, is reported as such.
* A removal that fails is reported once per reason.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from domain.access_key import FIRST_ACCOUNT
from domain.aggregate import Aggregate, Claim, name_scope

ObjectType = Literal["container", "network", "volume"]

_ENDED = {"terminated", "deleted"}


@dataclass(frozen=True, slots=True)
class EngineObject:
    """An object that is labelled as a resource's, and why that resource does not need it."""

    thing: ObjectType
    kind: str
    resource_id: str
    reason: str

    @property
    def name(self) -> str:
        """Its name as an orphan."""
        return name_of(self.thing, self.resource_id)


class Orphan(Aggregate):
    """One orphan. It belongs to those who run the cloud, whatever account its label names."""

    PREFIX = "orphan"

    thing: str
    resource_kind: str
    resource_id: str
    held_until: datetime
    status: str
    status_reason: str

    class Found(Aggregate.Created):
        """An object with our labels is on the engine, and no resource needs it."""

        account_id: str
        name: str
        thing: str
        resource_kind: str
        resource_id: str
        reason: str
        held_until: datetime

        def apply(self, aggregate: "Orphan") -> None:
            aggregate.thing = self.thing
            aggregate.resource_kind = self.resource_kind
            aggregate.resource_id = self.resource_id
            aggregate.held_until = self.held_until
            aggregate.status = "held"
            aggregate.status_reason = self.reason

    class RemovalRequested(Aggregate.Event):
        """It was held long enough, or somebody requested its removal."""

        def apply(self, aggregate: "Orphan") -> None:
            aggregate.status = "deleting"

    class RemovalFailed(Aggregate.Event):
        """It cannot be removed at the moment."""

        reason: str

        def apply(self, aggregate: "Orphan") -> None:
            aggregate.status = "error"
            aggregate.status_reason = self.reason

    class Removed(Aggregate.Event):
        """It was removed from the engine."""

        def apply(self, aggregate: "Orphan") -> None:
            aggregate.status = "deleted"

    class Vanished(Aggregate.Event):
        """It is no orphan any more, though it was not removed as one."""

        reason: str

        def apply(self, aggregate: "Orphan") -> None:
            aggregate.status = "deleted"
            aggregate.status_reason = self.reason

    @classmethod
    def find(cls, found: EngineObject, held_until: datetime) -> Self:
        """Record an object that was found. Saving fails while it is recorded already."""
        orphan = cls._create(
            cls.Found,
            account_id=FIRST_ACCOUNT,
            name=found.name,
            thing=found.thing,
            resource_kind=found.kind,
            resource_id=found.resource_id,
            reason=found.reason,
            held_until=held_until,
        )
        orphan.conditions.claims += orphan.held_claims()
        return orphan

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.status == "deleted"

    def is_held(self, now: datetime) -> bool:
        """Return whether it may not be removed yet."""
        return self.status == "held" and now < self.held_until

    def request_removal(self) -> None:
        """Request its removal; may be repeated."""
        if self.status == "held":
            self.trigger_event(self.RemovalRequested)

    def report_failed(self, reason: str) -> None:
        """Record why it cannot be removed; once per reason, and only after that was tried."""
        if self.status not in {"held", "deleted"} and reason != self.status_reason:
            self.trigger_event(self.RemovalFailed, reason=reason)

    def report_gone(self) -> None:
        """Record that the engine no longer has it: removed, if that was requested."""
        if self.status == "held":
            self._vanish("somebody else removed it")
        elif not self.has_ended:
            self.conditions.releases += self.held_claims()
            self.trigger_event(self.Removed)

    def report_needed(self) -> None:
        """Record that a resource needs it after all."""
        if not self.has_ended:
            self._vanish(f"{self.resource_id} wants it again")

    def held_claims(self) -> list[Claim]:
        """Return the claim on its name, until it is gone."""
        return [] if self.has_ended else super().held_claims()

    def _vanish(self, reason: str) -> None:
        self.conditions.releases += self.held_claims()
        self.trigger_event(self.Vanished, reason=reason)


def name_of(thing: str, resource_id: str) -> str:
    """Return the name of an object as an orphan; a resource may have a container and a volume."""
    return f"{thing}-{resource_id}"


def scope() -> str:
    """Return the scope that lists the recorded orphans, by name."""
    return name_scope(FIRST_ACCOUNT, Orphan.KIND)


def why_unwanted(owner: Aggregate | None) -> str | None:
    """Return why a resource does not need the objects with its label, None when it does.

    The reason does not contain its name: who sees orphans may belong to another account.
    """
    if owner is None:
        return "there is no such resource"
    status = getattr(owner, "status", "")
    return f"its {owner.KIND.replace('_', ' ')} is {status}" if status in _ENDED else None
