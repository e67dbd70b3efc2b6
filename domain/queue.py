"""Queues: RabbitMQ or NATS JetStream in a container of its own, with named queues (streams) inside.

Rules
-----
* What is inside is declared here, and is kept as declared; what clients declare themselves is left alone.
* Whether a named queue is durable is decided once.
* An engine is not asked for what it cannot do.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.server import Endpoint, Server, ServerClient, ServerSpec
from domain.server.spec import check_cpus, check_engine, check_memory

MOST_NAMED = 1000
MOST_MESSAGES = 2**31 - 1
MOST_AGE_S = 10 * 365 * 86_400
MOST_PEEKED = 100


class UnknownQueue(NotFound):
    """cannot find the named queue"""

    code = "unknown_queue"


class DurabilityIsFixed(Conflict):
    """cannot make a named queue durable, or not durable, afterwards"""

    code = "durability_is_fixed"


class QueueMissing(Refused):
    """The server has no such named queue."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What differs between the engines."""

    versions: tuple[str, ...]
    port: int
    tls_port: int
    data_path: str
    least_memory_mb: int
    memory_mb: int
    """When nobody says how much."""
    namespace: str
    """What it calls the place of its own that users and queues are in."""
    can_dead_letter: bool


ENGINES: Mapping[str, Engine] = {
    "rabbitmq": Engine(
        ("3",), 5672, 5671, "/var/lib/rabbitmq", 192, 256, "virtual host", can_dead_letter=True
    ),
    "nats": Engine(("2",), 4222, 4222, "/data", 32, 64, "account", can_dead_letter=False),
}
VERSIONS = {name: engine.versions for name, engine in ENGINES.items()}


@dataclass(frozen=True, slots=True)
class Named:
    """A queue inside, as it is declared; None means no limit."""

    durable: bool = True
    max_length: int | None = None
    """The oldest message goes when there are more."""
    max_age_s: int | None = None
    dead_letter: str | None = None
    """Where messages go that are rejected, too old or too many."""


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message that was looked at and is still there."""

    payload: bytes
    size: int
    headers: Mapping[str, str]
    redelivered: bool = False


class Queue(Server):
    """One server of queues."""

    PREFIX = "queue"
    is_adopting = False
    """Nobody has looked yet what is in the files it begins with."""

    class Purged(Aggregate.Event):
        """Somebody removed every message of a named queue."""

        queue: str

    class AdoptionRequested(Aggregate.Event):
        """It begins with the files of an earlier server, whose named queues become its own."""

    class Adopted(Aggregate.Event):
        """What the earlier server had declared is declared here."""

        queues: dict[str, dict[str, Any]]

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Ask for a server of queues. Raises Invalid."""
        check_engine(VERSIONS, spec.engine, spec.version)
        check_memory(spec.memory_mb, ENGINES[spec.engine].least_memory_mb)
        check_cpus(spec.cpus)
        values.name(spec.username, "username")
        values.name(spec.settings["namespace"], "namespace")
        return super().create(spec)

    def adopt(self) -> None:
        """Ask for the named queues in the files it begins with; decided as it is asked for."""
        self.trigger_event(self.AdoptionRequested)

    def report_adopted(self, found: Mapping[str, Named]) -> None:
        """Note what was found inside. What was declared here in the meantime stays as it was declared here."""
        if self.is_adopting:
            self.trigger_event(self.Adopted, queues={name: asdict(wish) for name, wish in found.items()})

    def modify(self, memory_mb: int | None, cpus: float | None) -> None:
        """Ask for other limits; other memory takes a new container on the same volume. Raises BeingDeleted, Invalid."""
        if memory_mb is not None:
            check_memory(memory_mb, ENGINES[self.engine].least_memory_mb)
        if cpus is not None:
            check_cpus(cpus)
        self.change(cpus, memory_mb, replaces=memory_mb not in {None, self.memory_mb})

    def declare(self, name: str, wish: Named) -> None:
        """Have a named queue inside. Raises BeingDeleted, Invalid, DurabilityIsFixed."""
        values.name(name, "queue")
        _check(wish)
        if wish.dead_letter is not None:
            self._refuse_dead_letter(name, wish.dead_letter)
        known = self.named.get(name)
        if known is not None and known["durable"] != wish.durable:
            raise DurabilityIsFixed(
                f"cannot change whether {name} of {self.name} is durable: remove it and declare it again",
                field="durable",
            )
        if known is None and len(self.named) >= MOST_NAMED:
            raise Invalid(f"cannot declare {name}: {self.name} has {MOST_NAMED} already", field="queue")
        self.change(settings={"queues": {**self.named, name: asdict(wish)}})

    def undeclare(self, name: str) -> None:
        """Remove a named queue with its messages. Raises BeingDeleted, UnknownQueue, Conflict."""
        if name not in self.named:
            raise UnknownQueue(
                f"cannot remove {values.shown(name)}: {self.name} has declared no queue of that name"
            )
        users = [other for other, wish in self.named.items() if wish["dead_letter"] == name and other != name]
        if users:
            raise Conflict(
                f"cannot remove {name}: it takes the dead letters of {', '.join(users)}; change them first"
            )
        left = {other: wish for other, wish in self.named.items() if other != name}
        self.change(settings={"queues": left})

    def note_purge(self, name: str) -> None:
        """Keep that every message of a named queue was removed."""
        self.trigger_event(self.Purged, queue=name)

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """What is declared inside, by name."""
        return self.settings["queues"]

    def _refuse_dead_letter(self, name: str, target: str) -> None:
        if not ENGINES[self.engine].can_dead_letter:
            raise Invalid(
                f"cannot send dead letters of {name}: {self.engine} has none; leave `dead_letter` out",
                field="dead_letter",
            )
        if target not in self.named or target == name:
            raise Invalid(
                f"cannot send dead letters of {name} to {values.shown(target)}: declare that queue first",
                field="dead_letter",
            )

    @event(AdoptionRequested)
    def _adoption_requested(self) -> None:
        self.is_adopting = True

    @event(Adopted)
    def _adopted(self, queues: dict[str, dict[str, Any]]) -> None:
        self.is_adopting = False
        settings: dict[str, Any] = {**self.settings, "queues": {**queues, **self.named}}
        self.settings = settings

    @event(Purged)
    def _purged(self, queue: str) -> None:
        pass


class QueueClient(ServerClient[Queue], Protocol):
    """Speaks to servers of queues."""

    async def stats(self, server: Queue, at: Endpoint, password: str) -> dict[str, Any]:
        """Return depth, rates and consumers of every queue inside."""
        ...

    async def purge(self, server: Queue, at: Endpoint, password: str, name: str) -> None:
        """Remove every message. Raises QueueMissing."""
        ...

    async def declared(self, server: Queue, at: Endpoint, password: str) -> Mapping[str, Named]:
        """Return what was declared by us, now or by an earlier server with the same files."""
        ...

    async def peek(self, server: Queue, at: Endpoint, password: str, name: str, most: int) -> list[Peeked]:
        """Return the oldest messages; they stay. Raises QueueMissing."""
        ...


def _check(wish: Named) -> None:
    for value, most, name in (
        (wish.max_length, MOST_MESSAGES, "max_length"),
        (wish.max_age_s, MOST_AGE_S, "max_age_s"),
    ):
        if value is not None and not 1 <= value <= most:
            raise Invalid(f"cannot use {value} as {name}: use 1 to {most}", field=name)
