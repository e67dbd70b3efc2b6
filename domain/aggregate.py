"""What every aggregate shares: events stored under names of their own, and claims.

A stored name comes from the class names, never from the module path, so files may move.
``tests/architecture/test_event_names.py`` freezes the names.
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast
from uuid import UUID

from eventsourcing import domain
from eventsourcing.domain import CommandMethodDecorator, decorated_funcs
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
    """Taken now; refused when anybody has them already."""
    releases: list[Claim] = field(default_factory=list[Claim])
    """Given back now."""
    requires: list[Claim] = field(default_factory=list[Claim])
    """Must be held by that owner, so that what we refer to still lives."""
    unused: list[str] = field(default_factory=list[str])
    """Scopes that must hold no claim, so that nobody refers to what goes away."""
    erases: list[UUID] = field(default_factory=list[UUID])
    """Secrets to forget."""


class EventType(domain.MetaDomainEvent):
    """Makes a dataclass of each event that adds fields; another one is what it inherits.

    Every kind gets events of its own, so most add nothing: to generate their methods again took a third of the time
    that a controller needs to start.
    """

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> type[domain.DomainEvent]:
        """Return the class of an event."""
        if namespace.get("__annotations__"):
            return super().__new__(mcs, name, bases, namespace)
        return cast("type[domain.DomainEvent]", type.__new__(mcs, name, bases, namespace))


class Aggregate(domain.Aggregate):
    """A thing with rules. Subclasses nest their events and name them in past tense."""

    class Event(domain.Aggregate.Event, metaclass=EventType):
        """What happened to an aggregate."""

    TOPIC: ClassVar[str]
    KIND: ClassVar[str]
    """The kind of resource in URLs and documents, e.g. ``load_balancer``."""
    PREFIX: ClassVar[str]
    """What public ids of this kind begin with."""
    IS_PART: ClassVar[bool] = False
    """Whether it bears the name of what it was made for, which is what people mean by that name."""
    events: ClassVar[dict[str, type[domain.AggregateEvent]]] = {}
    kinds: ClassVar[dict[str, type["Aggregate"]]] = {}

    account_id: str
    name: str

    def __init_subclass__(cls, *, is_abstract: bool = False, **kwargs: Any) -> None:
        """Register the aggregate and its events, inherited ones too, under stored names of this kind."""
        _inherit_creation(cls)
        super().__init_subclass__(**kwargs)
        if is_abstract:
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
                _inherit_applier(member)

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
        """Return the conditions and start anew."""
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


def _inherit_creation(cls: type[domain.Aggregate]) -> None:
    """Let a kind be created as its parent is, unless it says how: the library looks in the class itself only."""
    for parent in cls.__mro__:
        creation = vars(parent).get("__init__")
        if isinstance(creation, CommandMethodDecorator):
            if parent is not cls:
                event_class = cast("type[domain.AggregateEvent]", creation.given_event_cls)
                cls.__init__ = creation
                setattr(cls, event_class.__name__, event_class)
            return


def _inherit_applier(event_class: type[domain.AggregateEvent]) -> None:
    """Let an inherited event be applied as its parent is; the library looks appliers up by the exact class."""
    known: dict[Any, Any] = decorated_funcs
    if event_class not in known:
        inherited = next((parent for parent in event_class.__mro__ if parent in known), None)
        if inherited is not None:
            known[event_class] = known[inherited]


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
