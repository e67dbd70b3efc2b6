"""Commands for queues."""

from dataclasses import asdict
from typing import Any

from pydantic import Field

from domain.errors import PortError
from domain.queue import (
    ENGINES,
    MOST_AGE_S,
    MOST_MESSAGES,
    MOST_PEEKED,
    VERSIONS,
    PeekedMessage,
    Queue,
    QueueDefinition,
    QueueMissing,
    UnknownQueue,
)
from domain.server import Server
from domain.server.spec import MOST_MEMORY_MB, check_engine
from domain.values import between, shown
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import server
from miniaws.commands.body import Body
from miniaws.commands.server import ChangeServer, CreateServer

FIGURES = {
    "depth": "Messages in all queues inside",
    "consumers": "Consumers of all queues inside",
    "publish_per_s": "Messages published per second, recently",
    "deliver_per_s": "Messages delivered per second, recently; RabbitMQ only",
}
"""Metrics for Prometheus, by name, with their meaning."""


class DeclareQueue(Body):
    """How a named queue (rabbitmq) or stream (nats) should be."""

    durable: bool = Field(
        default=True, title="Durable", description="on disk; fixed when it is first declared"
    )
    max_length: int | None = Field(
        default=None,
        title="Maximum length (messages)",
        ge=1,
        le=MOST_MESSAGES,
        description="above it, the oldest message is dropped",
    )
    max_age_s: int | None = Field(
        default=None,
        title="Maximum age (s)",
        ge=1,
        le=MOST_AGE_S,
        description="seconds; messages older than this are dropped",
    )
    dead_letter: str | None = Field(
        default=None,
        title="Dead letter queue",
        description="a declared queue that receives rejected, expired and dropped messages; rabbitmq only",
    )

    def definition(self) -> QueueDefinition:
        """Return the definition."""
        return QueueDefinition(**self.model_dump())


class CreateQueue(CreateServer):
    """A server of queues to create; what is declared on a given volume is declared on the new server."""

    engine: str = Field(title="Engine", description="rabbitmq or nats", examples=["nats"])
    memory_mb: int | None = Field(
        default=None,
        title="Memory (MiB)",
        le=MOST_MEMORY_MB,
        description="memory limit in MiB; left out: 256 for rabbitmq, 64 for nats",
    )
    username: str = Field(default="app", title="User name", description="user name that clients sign in with")
    namespace: str = Field(
        default="main", title="Namespace", description="the virtual host of rabbitmq, the account of nats"
    )
    queues: dict[str, DeclareQueue] = Field(
        default={},
        title="Queues",
        description="queues or streams that are declared on it, by name",
        examples=[{"orders": {"max_length": 1000}}],
    )


class ChangeQueue(ChangeServer):
    """What can be changed of a server of queues; a change of memory restarts it on the same volume."""

    memory_mb: int | None = Field(
        default=None,
        title="Memory (MiB)",
        le=MOST_MEMORY_MB,
        description="memory limit in MiB; left out: unchanged",
    )


class PurgeQueue(Body):
    """Which named queue to empty."""

    queue: str = Field(title="Queue", description="a declared queue or stream", examples=["orders"])


async def create(cloud: Cloud, request: Request, new: CreateQueue) -> Saved:
    """Create a server of queues. Raises what ``commands.server.create`` does."""
    known = ENGINES.get(new.engine)
    version = new.version or (known.versions[-1] if known else "")
    check_engine(VERSIONS, new.engine, version)
    engine = ENGINES[new.engine]
    asked = server.NewServer(
        name=new.name,
        engine=new.engine,
        version=version,
        role=new.engine,
        cpus=new.cpus,
        memory_mb=engine.memory_mb if new.memory_mb is None else new.memory_mb,
        port=engine.tls_port if new.tls else engine.port,
        username=new.username,
        vpc=new.vpc,
        place=new.place(),
        publish=new.publish,
        data_path=engine.data_path,
        storage_gb=new.storage_gb,
        volume=new.volume,
        tls=new.tls,
        deletion_protection=new.deletion_protection,
        settings={
            "namespace": new.namespace,
            "queues": {name: asdict(each.definition()) for name, each in new.queues.items()},
        },
        tags=new.tags,
    )
    return await server.create(cloud, request, Queue, asked, None if new.volume is None else _adopting)


async def _adopting(unit: UnitOfWork, queue: Queue) -> None:
    del unit
    queue.adopt()


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeQueue) -> Saved:
    """Change limits, tags, protection. Raises NotFound, Invalid, BeingDeleted."""
    return await server.change(
        cloud,
        request,
        Queue,
        id_or_name,
        changes,
        lambda queue: queue.modify(changes.memory_mb, changes.cpus),
    )


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay."""
    await cloud.refuse_repeated(request)
    found = await cloud.load(Queue, request.cause.account_id, id_or_name)
    replaces = not cloud.ports.queues[found.engine].rotates_live
    return await server.rotate_credentials(cloud, request, Queue, id_or_name, replaces=replaces)


async def declare(cloud: Cloud, request: Request, id_or_name: str, name: str, limits: DeclareQueue) -> Saved:
    """Declare a named queue inside, with these limits. Raises NotFound, Invalid, DurabilityIsFixed."""
    return await cloud.change(
        request, Queue, id_or_name, lambda queue: queue.declare(name, limits.definition())
    )


async def undeclare(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Remove a named queue with its messages. Raises NotFound, UnknownQueue."""
    return await cloud.change(request, Queue, id_or_name, lambda queue: queue.undeclare(name))


async def purge(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Request that every message of a named queue is removed.

    Raises NotFound, UnknownQueue, BeingDeleted, ServerStopped, and Unavailable when the server cannot tell whether a
    queue exists that was not declared here.
    """
    await cloud.refuse_repeated(request)
    account = request.cause.account_id
    queue = await cloud.load(Queue, account, id_or_name)
    if name not in queue.named and name not in (await stats(cloud, account, id_or_name))["queues"]:
        raise _unknown(queue, name)
    return await cloud.change(request, Queue, id_or_name, lambda found: found.purge_messages(name))


async def peek(cloud: Cloud, account: str, id_or_name: str, name: str, most: int) -> list[PeekedMessage]:
    """Return the oldest messages of a named queue; they stay. Raises NotFound, UnknownQueue, Unavailable."""
    between(most, 1, MOST_PEEKED, "limit")
    queue, at, password = await server.opened(cloud, Queue, account, id_or_name)
    try:
        return await cloud.ports.queues[queue.engine].peek(queue, at, password, name, most)
    except PortError as error:
        raise _explained(queue, name, error) from error


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    queue, at, password = await server.opened(cloud, Queue, account, id_or_name)
    try:
        return await cloud.ports.queues[queue.engine].stats(queue, at, password)
    except PortError as error:
        raise server.unanswered(queue, error) from error


def _explained(queue: Server, name: str, error: PortError) -> Exception:
    if isinstance(error, QueueMissing):
        return _unknown(queue, name)
    return server.unanswered(queue, error)


def _unknown(queue: Server, name: str) -> UnknownQueue:
    return UnknownQueue(f"cannot find {shown(name)} inside {queue.name}: its stats list what there is")


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a server, with the sum of the rates of all queues inside."""
    if document["status"] != "available":
        return {}
    found = await stats(cloud, document["account_id"], document["id"])
    inside: list[dict[str, Any]] = list(found.get("queues", {}).values())
    rates = {name for each in inside for name in each if name.endswith("_per_s")}
    return {**found, **{rate: sum(each[rate] for each in inside) for rate in rates}}
