"""Commands for queues."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import Invalid, PortError
from domain.queue import ENGINES, MOST_PEEKED, VERSIONS, Named, Peeked, Queue, QueueMissing, UnknownQueue
from domain.server import Server
from domain.server.spec import check_engine
from domain.values import shown
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import server


@dataclass(frozen=True, slots=True)
class Create:
    """A server of queues as it is asked for; None means what the engine has by default."""

    name: str
    engine: str
    version: str | None = None
    memory_mb: int | None = None
    cpus: float = 1.0
    username: str = "app"
    namespace: str = "main"
    vpc: str = "default"
    publish: int | None = None
    storage_gb: int | None = None
    volume: str | None = None
    """One with the files of such a server; what was declared there is declared here."""
    tls: bool = False
    deletion_protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Change:
    """What of a server of queues should be otherwise; None leaves it as it is."""

    memory_mb: int | None = None
    cpus: float | None = None
    tags: Mapping[str, str] | None = None
    deletion_protection: bool | None = None


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a server of queues. Raises what ``commands.server.create`` does."""
    known = ENGINES.get(wish.engine)
    version = wish.version or (known.versions[-1] if known else "")
    check_engine(VERSIONS, wish.engine, version)
    engine = ENGINES[wish.engine]
    asked = server.Create(
        name=wish.name,
        engine=wish.engine,
        version=version,
        role=wish.engine,
        cpus=wish.cpus,
        memory_mb=engine.memory_mb if wish.memory_mb is None else wish.memory_mb,
        port=engine.tls_port if wish.tls else engine.port,
        username=wish.username,
        vpc=wish.vpc,
        publish=wish.publish,
        data_path=engine.data_path,
        storage_gb=wish.storage_gb,
        volume=wish.volume,
        tls=wish.tls,
        deletion_protection=wish.deletion_protection,
        settings={"namespace": wish.namespace, "queues": {}},
        tags=wish.tags,
    )
    if wish.volume is None:
        return await server.create(cloud, request, Queue, asked)
    return await server.create(cloud, request, Queue, asked, _adopting)


async def _adopting(queue: Queue) -> server.Company:
    queue.adopt()
    return (), {}


async def change(cloud: Cloud, request: Request, id_or_name: str, wish: Change) -> Saved:
    """Change limits, tags, protection. Raises NotFound, Invalid, BeingDeleted."""
    return await server.change(
        cloud,
        request,
        Queue,
        id_or_name,
        lambda queue: queue.modify(wish.memory_mb, wish.cpus),
        tags=wish.tags,
        deletion_protection=wish.deletion_protection,
    )


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay."""
    found = await cloud.load(Queue, request.cause.account_id, id_or_name)
    replaces = not cloud.ports.queues[found.engine].rotates_live
    return await server.rotate_credentials(cloud, request, Queue, id_or_name, replaces=replaces)


async def declare(cloud: Cloud, request: Request, id_or_name: str, name: str, wish: Named) -> Saved:
    """Have a named queue inside, with these limits. Raises NotFound, Invalid, DurabilityIsFixed."""
    return await cloud.change(request, Queue, id_or_name, lambda queue: queue.declare(name, wish))


async def undeclare(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Remove a named queue with its messages. Raises NotFound, UnknownQueue."""
    return await cloud.change(request, Queue, id_or_name, lambda queue: queue.undeclare(name))


async def purge(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Remove every message of a named queue, then keep that it was done. Raises NotFound, UnknownQueue."""
    await cloud.refuse_repeated(request)
    queue, at, password = await server.opened(cloud, Queue, request.cause.account_id, id_or_name)
    try:
        await cloud.ports.queues[queue.engine].purge(queue, at, password, name)
    except PortError as error:
        raise _explained(queue, name, error) from error
    return await cloud.change(request, Queue, id_or_name, lambda found: found.note_purge(name))


async def peek(cloud: Cloud, account: str, id_or_name: str, name: str, most: int) -> list[Peeked]:
    """Return the oldest messages of a named queue; they stay. Raises NotFound, UnknownQueue, Unavailable."""
    if not 1 <= most <= MOST_PEEKED:
        raise Invalid(f"cannot peek at {most} messages: use 1 to {MOST_PEEKED}", field="limit")
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
        return UnknownQueue(f"cannot find {shown(name)} inside {queue.name}: its stats list what there is")
    return server.unanswered(queue, error)
