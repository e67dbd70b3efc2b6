"""What every aggregate shares: events stored under names of their own, and claims.

A stored name comes from the class names, never from the module path, so files may move.
``tests/architecture/test_event_names.py`` freezes the names.
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing import domain
from eventsourcing.utils import register_topic

from domain.errors import StaleVersion
from domain.values import public_id


def snake_case(name: str) -> str:
    """Turn ``LoadBalancer`` into ``load_balancer``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule about many resources at once: in a scope, a key has at most one owner.

    ``note`` is kept with the claim and shown to those who find it taken.
    """

    scope: str
    key: str
    owner: UUID
    note: str | None = None


@dataclass(slots=True)
class Conditions:
    """What must hold, or changes, in the same transaction as the events."""

    claims: list[Claim] = field(default_factory=list[Claim])
    """Taken now; refused when another resource has them."""
    releases: list[Claim] = field(default_factory=list[Claim])
    """Released now."""
    requires: list[Claim] = field(default_factory=list[Claim])
    """Must be held by that owner, so that what is referred to still exists."""
    unused: list[str] = field(default_factory=list[str])
    """Scopes that must hold no claim, so that nothing refers to what is deleted."""
    erases: list[UUID] = field(default_factory=list[UUID])
    """Secrets to erase."""


class Aggregate(domain.Aggregate):
    """A thing with rules. Subclasses nest their events and name them in past tense."""

    class Event(domain.Aggregate.Event):
        """What happened to an aggregate. Its ``apply`` only assigns: it never refuses, whatever is stored."""

    TOPIC: ClassVar[str]
    KIND: ClassVar[str]
    """The kind of resource in URLs and documents, e.g. ``load_balancer``."""
    PREFIX: ClassVar[str]
    """What public ids of this kind begin with."""
    IS_PART: ClassVar[bool] = False
    """Whether it has the name of the resource that it was created for, which the name alone refers to."""
    IS_IN_VPC: ClassVar[bool] = False
    """Whether its name is unique in its VPC only; elsewhere, it is called ``<name>.<VPC>``."""
    events: ClassVar[dict[str, type[domain.AggregateEvent]]] = {}
    kinds: ClassVar[dict[str, type["Aggregate"]]] = {}

    account_id: str
    name: str

    def __init__(self, account_id: str, name: str) -> None:
        """Set what every aggregate has.

        The library calls this before ``apply`` of the event that creates the aggregate, with those fields of the event
        that are named here.
        """
        self.account_id = account_id
        self.name = name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register a kind and its events, inherited ones too, under stored names; an ancestor has no ``PREFIX``."""
        # The library makes a dataclass of a class with annotations. Its constructor would take all of them.
        cls.__init__ = cls.__init__
        super().__init_subclass__(**kwargs)
        if "PREFIX" not in vars(cls):
            return
        cls.TOPIC = cls.KIND = snake_case(cls.__name__)  # pyright: ignore[reportConstantRedefinition]
        Aggregate.kinds[cls.KIND] = cls
        register_topic(cls.TOPIC, cls)
        for name, member in list(vars(cls).items()):
            if name in {"Event", "Created"} or not isinstance(member, type):
                continue
            if issubclass(member, domain.AggregateEvent):
                topic = f"{cls.TOPIC}.{snake_case(name)}"
                member.TOPIC = topic  # pyright: ignore[reportAttributeAccessIssue]
                register_topic(topic, member)
                Aggregate.events[topic] = member

    @property
    def public_id(self) -> str:
        """The id users see."""
        return public_id(self.PREFIX, self.id)

    @property
    def conditions(self) -> Conditions:
        """What must hold in the transaction that saves the pending events."""
        # Not set by an applier: it is no part of what events say, and no snapshot must hold it.
        if not hasattr(self, "_conditions"):
            self._conditions = Conditions()
        return self._conditions

    def take_conditions(self) -> Conditions:
        """Return the conditions, and begin with none."""
        found = self.conditions
        del self._conditions
        return found

    def name_claim(self) -> Claim:
        """Return the claim that makes the name unique in account and kind while the resource lives."""
        return Claim(name_scope(self.account_id, self.KIND), self.name, self.id)

    def held_claims(self) -> list[Claim]:
        """Return every claim that is the resource's now; those of a new one are taken as it is made."""
        return [self.name_claim()]

    def held_secrets(self) -> list[UUID]:
        """Return the ids of the secrets that are kept for the resource now."""
        return []

    def refuse_unless_version(self, expected: int | None) -> None:
        """Raise StaleVersion when the caller decided on another version."""
        if expected is not None and expected != self.version:
            raise StaleVersion(
                f"cannot change {self.name}: version {expected} was expected, it is at version {self.version}; "
                "read it again and retry",
                version=self.version,
            )


def name_scope(account_id: str, kind: str) -> str:
    """Return the scope in which names of a kind are unique."""
    return f"name/{account_id}/{kind}"


def upcast(topic: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a stored payload in the newest version of its event; the same rules as loading an aggregate."""
    event_class = Aggregate.events.get(topic)
    wanted: int = getattr(event_class, "class_version", 1)
    version: int = payload.pop("class_version", 1)
    while version < wanted:
        getattr(event_class, f"upcast_v{version}_v{version + 1}")(payload)
        version += 1
    return payload
