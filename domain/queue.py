"""Queues: RabbitMQ or NATS JetStream in a container of its own, with named queues (streams) inside.

Rules
-----
* Named queues are declared here and reconciled; those that clients declare themselves are left alone.
* Whether a named queue is durable is decided once.
* What an engine cannot do is refused.
"""

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from domain import values
from domain.aggregate import Aggregate
from domain.errors import Conflict, Invalid, NotFound, Refused, within
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
    """cannot change the durability of a queue"""

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
    """The default."""
    namespace: str
    """The engine's word for the namespace of users and queues."""
    can_dead_letter: bool


ENGINES: Mapping[str, Engine] = {
    "rabbitmq": Engine(
        ("3",), 5672, 5671, "/var/lib/rabbitmq", 192, 256, "virtual host", can_dead_letter=True
    ),
    "nats": Engine(("2",), 4222, 4222, "/data", 32, 64, "account", can_dead_letter=False),
}
VERSIONS = {name: engine.versions for name, engine in ENGINES.items()}


@dataclass(frozen=True, slots=True)
class QueueDefinition:
    """A queue inside, as it is declared; None means no limit."""

    durable: bool = True
    max_length: int | None = None
    """The oldest message is dropped when there are more."""
    max_age_s: int | None = None
    dead_letter: str | None = None
    """Where messages go that are rejected, too old or too many."""


@dataclass(frozen=True, slots=True)
class PeekedMessage:
    """A message that was looked at and is still there."""

    payload: bytes
    size: int
    headers: Mapping[str, str]
    redelivered: bool = False


class Queue(Server):
    """One server of queues."""

    PREFIX = "queue"

    is_adopting: bool = False
    """Whether the named queues in the files it begins with are still to be read."""

    purges_under_way: tuple[str, ...] = ()
    """The named queues whose messages are to be removed; once for each request that was not carried out yet."""

    class MessagesPurgeRequested(Aggregate.Event):
        """Somebody requested that every message of a named queue is removed."""

        queue: str

        def apply(self, aggregate: "Queue") -> None:
            aggregate.purges_under_way = (*aggregate.purges_under_way, self.queue)
            if aggregate.wanted == "running":
                aggregate.set_status("modifying")

    class Purged(Aggregate.Event):
        """Every message of a named queue was removed."""

        queue: str

        def apply(self, aggregate: "Queue") -> None:
            aggregate.purges_under_way = tuple(
                each for each in aggregate.purges_under_way if each != self.queue
            )

    class AdoptionRequested(Aggregate.Event):
        """It begins with the files of an earlier server, whose named queues become its own."""

        def apply(self, aggregate: "Queue") -> None:
            aggregate.is_adopting = True

    class Adopted(Aggregate.Event):
        """What the earlier server had declared is declared here."""

        queues: dict[str, dict[str, Any]]

        def apply(self, aggregate: "Queue") -> None:
            aggregate.is_adopting = False
            aggregate.settings = {**aggregate.settings, "queues": {**self.queues, **aggregate.named}}

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Request a server of queues. Raises Invalid."""
        check_engine(VERSIONS, spec.engine, spec.version)
        check_memory(spec.memory_mb, ENGINES[spec.engine].least_memory_mb)
        check_cpus(spec.cpus)
        values.name(spec.username, "username")
        values.name(spec.settings["namespace"], "namespace")
        queues = spec.settings["queues"]
        values.at_most(len(queues), MOST_NAMED, "queues", "queues")
        for name, each in queues.items():
            with within(f"queues.{name}"):
                _check(spec.engine, name, QueueDefinition(**each), queues)
        return super().create(spec)

    def adopt(self) -> None:
        """Request that a new server adopts the named queues in the files it begins with."""
        self.trigger_event(self.AdoptionRequested)

    def report_adopted(self, found: Mapping[str, QueueDefinition]) -> None:
        """Record the named queues that were found. One that was declared in the meantime stays as declared."""
        if self.is_adopting:
            self.trigger_event(self.Adopted, queues={name: asdict(each) for name, each in found.items()})

    def modify(self, memory_mb: int | None, cpus: float | None) -> None:
        """Request other limits; other memory takes a new container on the same volume. Raises BeingDeleted, Invalid."""
        if memory_mb is not None:
            check_memory(memory_mb, ENGINES[self.engine].least_memory_mb)
        if cpus is not None:
            check_cpus(cpus)
        self.change(cpus, memory_mb, replaces=memory_mb not in {None, self.memory_mb})

    def declare(self, name: str, wanted: QueueDefinition) -> None:
        """Declare a named queue. Raises BeingDeleted, Invalid, DurabilityIsFixed."""
        _check(self.engine, name, wanted, self.named)
        known = self.named.get(name)
        if known is not None and known["durable"] != wanted.durable:
            raise DurabilityIsFixed(
                f"cannot change whether {name} of {self.name} is durable: remove it and declare it again",
                field="durable",
            )
        if known is None and len(self.named) >= MOST_NAMED:
            raise Invalid(f"cannot declare {name}: {self.name} has {MOST_NAMED} already", field="queue")
        self.change(settings={"queues": {**self.named, name: asdict(wanted)}})

    def undeclare(self, name: str) -> None:
        """Remove a named queue with its messages. Raises BeingDeleted, UnknownQueue, Conflict."""
        if name not in self.named:
            raise UnknownQueue(
                f"cannot remove {values.shown(name)}: {self.name} has declared no queue of that name"
            )
        users = [other for other, each in self.named.items() if each["dead_letter"] == name and other != name]
        if users:
            raise Conflict(
                f"cannot remove {name}: it takes the dead letters of {', '.join(users)}; change them first"
            )
        left = {other: each for other, each in self.named.items() if other != name}
        self.change(settings={"queues": left})

    def purge_messages(self, name: str) -> None:
        """Request that every message of a named queue is removed. Raises BeingDeleted, ServerStopped."""
        self.refuse_unless_wanted("purge")
        self.trigger_event(self.MessagesPurgeRequested, queue=name)

    def report_messages_purged(self, name: str, requests: int) -> None:
        """Record that every message was removed, unless that was requested again after this number of requests."""
        if self.purges_under_way.count(name) == requests:
            self.trigger_event(self.Purged, queue=name)

    @property
    def can_be_available(self) -> bool:
        """Whether it should run, and nothing that was requested is under way."""
        return super().can_be_available and not self.purges_under_way

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """The declared queues, by name."""
        return self.settings["queues"]


class QueueClient(ServerClient[Queue], Protocol):
    """Speaks to servers of queues."""

    async def stats(self, server: Queue, at: Endpoint, password: str) -> dict[str, Any]:
        """Return depth, rates and consumers of every queue inside."""
        ...

    async def purge(self, server: Queue, at: Endpoint, password: str, name: str) -> None:
        """Remove every message. Raises QueueMissing."""
        ...

    async def declared(self, server: Queue, at: Endpoint, password: str) -> Mapping[str, QueueDefinition]:
        """Return the queues that were declared by us, also by an earlier server with the same files."""
        ...

    async def peek(
        self, server: Queue, at: Endpoint, password: str, name: str, most: int
    ) -> list[PeekedMessage]:
        """Return the oldest messages; they stay. Raises QueueMissing."""
        ...


def _check(engine: str, name: str, wanted: QueueDefinition, declared: Container[str]) -> None:
    values.name(name, "queue")
    for value, most, field in (
        (wanted.max_length, MOST_MESSAGES, "max_length"),
        (wanted.max_age_s, MOST_AGE_S, "max_age_s"),
    ):
        if value is not None:
            values.between(value, 1, most, field)
    if wanted.dead_letter is not None:
        _refuse_dead_letter(engine, name, wanted.dead_letter, declared)


def _refuse_dead_letter(engine: str, name: str, target: str, declared: Container[str]) -> None:
    if not ENGINES[engine].can_dead_letter:
        raise values.must("dead_letter", "be left out", why=f"{engine} does not support it")
    if target not in declared or target == name:
        raise values.must("dead_letter", "be another queue that is declared", target)
