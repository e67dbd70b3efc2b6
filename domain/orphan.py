"""Orphans are things on the engine that carry our labels though no living resource wants them.

Rules
-----
* An orphan is held for a while, so that people can look at it. Then it is removed; earlier, if they ask for that.
* A thing is one orphan for as long as it is there: finding it again changes nothing.
* What goes by itself, or is wanted after all, is told as such.
* A removal that fails is told once per reason.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from eventsourcing.domain import event

from domain.access_key import FIRST_ACCOUNT
from domain.aggregate import Aggregate, Claim, name_scope

Thing = Literal["container", "network", "volume"]

_ENDED = {"terminated", "deleted"}


@dataclass(frozen=True, slots=True)
class Stray:
    """A thing that is labelled as a resource's, and why that resource does not want it."""

    thing: Thing
    kind: str
    resource_id: str
    reason: str

    @property
    def name(self) -> str:
        """What it is called among orphans."""
        return name_of(self.thing, self.resource_id)


class Orphan(Aggregate):
    """One thing that nothing wants. It belongs to those who run the cloud, whoever its label says made it."""

    PREFIX = "orphan"

    class Found(Aggregate.Created):
        """Something with our labels is on the engine, and nothing wants it."""

        account_id: str
        name: str
        thing: str
        resource_kind: str
        resource_id: str
        reason: str
        held_until: datetime

    class RemovalRequested(Aggregate.Event):
        """It was held long enough, or somebody wants it gone now."""

    class RemovalFailed(Aggregate.Event):
        """It cannot be removed at the moment."""

        reason: str

    class Removed(Aggregate.Event):
        """It is gone from the engine."""

    class Vanished(Aggregate.Event):
        """It is no orphan any more, though nobody removed it as one."""

        reason: str

    @classmethod
    def find(cls, stray: Stray, held_until: datetime) -> Self:
        """Note what was found. Saving fails while this very thing is known already."""
        orphan = cls(
            account_id=FIRST_ACCOUNT,
            name=stray.name,
            thing=stray.thing,
            resource_kind=stray.kind,
            resource_id=stray.resource_id,
            reason=stray.reason,
            held_until=held_until,
        )
        orphan.conditions.claims += orphan.held_claims()
        return orphan

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to do about it."""
        return self.status == "deleted"

    def is_held(self, now: datetime) -> bool:
        """Tell whether it may not be removed yet."""
        return self.status == "held" and now < self.held_until

    def request_removal(self) -> None:
        """Want it gone; once asked for, asking again is fine."""
        if self.status == "held":
            self.trigger_event(self.RemovalRequested)

    def report_failed(self, reason: str) -> None:
        """Note why it cannot be removed; once per reason, and only after that was tried."""
        if self.status not in {"held", "deleted"} and reason != self.status_reason:
            self.trigger_event(self.RemovalFailed, reason=reason)

    def report_gone(self) -> None:
        """Note that the engine has it no more: removed, if that was asked for."""
        if self.status == "held":
            self._vanish("somebody else removed it")
        elif not self.has_ended:
            self.conditions.releases += self.held_claims()
            self.trigger_event(self.Removed)

    def report_wanted(self) -> None:
        """Note that a resource wants it after all."""
        if not self.has_ended:
            self._vanish(f"{self.resource_id} wants it again")

    def held_claims(self) -> list[Claim]:
        """Return its name, until it is gone."""
        return [] if self.has_ended else super().held_claims()

    def _vanish(self, reason: str) -> None:
        self.conditions.releases += self.held_claims()
        self.trigger_event(self.Vanished, reason=reason)

    @event(Found)
    def __init__(
        self,
        account_id: str,
        name: str,
        thing: str,
        resource_kind: str,
        resource_id: str,
        reason: str,
        held_until: datetime,
    ) -> None:
        self.account_id = account_id
        self.name = name
        self.thing = thing
        self.resource_kind = resource_kind
        self.resource_id = resource_id
        self.held_until = held_until
        self.status = "held"
        self.status_reason = reason

    @event(RemovalRequested)
    def _removal_requested(self) -> None:
        self.status = "deleting"

    @event(RemovalFailed)
    def _removal_failed(self, reason: str) -> None:
        self.status, self.status_reason = "error", reason

    @event(Removed)
    def _removed(self) -> None:
        self.status = "deleted"

    @event(Vanished)
    def _vanished(self, reason: str) -> None:
        self.status, self.status_reason = "deleted", reason


def name_of(thing: str, resource_id: str) -> str:
    """Return what a thing is called among orphans; a resource may have a container and a volume."""
    return f"{thing}-{resource_id}"


def scope() -> str:
    """Return the scope that lists the orphans that are known, by name."""
    return name_scope(FIRST_ACCOUNT, Orphan.KIND)


def why_unwanted(owner: Aggregate | None) -> str | None:
    """Return why nothing wants what is labelled as a resource's, None when that lives.

    Its name stays out of it: whoever sees orphans may belong to another account.
    """
    if owner is None:
        return "there is no such resource"
    status = getattr(owner, "status", "")
    return f"its {owner.KIND.replace('_', ' ')} is {status}" if status in _ENDED else None
