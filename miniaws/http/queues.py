"""Servers of queues over HTTP."""

import base64
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from domain.queue import MOST_AGE_S, MOST_MESSAGES, MOST_PEEKED, Named, Peeked, Queue
from domain.server.spec import MOST_MEMORY_MB
from miniaws.commands import queue as commands
from miniaws.commands import server
from miniaws.http.metrics import Stretch, used
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.servers import ChangeServer, CreateServer, secret_json, shown_connection
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/queues", tags=["queues"], dependencies=[KnownQuery])


class CreateQueue(CreateServer):
    """A server of queues as it is asked for."""

    engine: str = Field(examples=["nats"], description="rabbitmq or nats")
    memory_mb: int | None = Field(
        default=None, le=MOST_MEMORY_MB, description="MiB; left out: 256 for rabbitmq, 64 for nats"
    )
    username: str = Field(default="app", description="who clients sign in as")
    namespace: str = Field(default="main", description="the virtual host of rabbitmq, the account of nats")


class ChangeQueue(ChangeServer):
    """What of a server of queues can change; other memory starts it again, on the same volume."""

    memory_mb: int | None = Field(default=None, le=MOST_MEMORY_MB)


class DeclareQueue(Body):
    """A named queue (rabbitmq) or stream (nats) as it should be."""

    durable: bool = Field(default=True, description="on disk; decided once")
    max_length: int | None = Field(
        default=None, ge=1, le=MOST_MESSAGES, description="then the oldest message goes"
    )
    max_age_s: int | None = Field(default=None, ge=1, le=MOST_AGE_S)
    dead_letter: str | None = Field(
        default=None, description="a declared queue for what is rejected, too old or too many; rabbitmq only"
    )


class PurgeQueue(Body):
    """Which named queue to empty."""

    queue: str = Field(examples=["orders"])


@router.post("", status_code=202, dependencies=[Operator])
async def create_queue(body: CreateQueue, change: Change) -> Response:
    """Create a server of queues."""
    wish = commands.Create(**body.model_dump())
    return await answer(change, commands.create(change.cloud, change.request, wish), "queues")


@router.get("")
async def list_queues(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List servers of queues, now or as of any moment."""
    return await page(cloud, Queue.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_queue(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a server of queues, now or as of any moment."""
    return await one(cloud, Queue, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_queue(id_or_name: str, body: ChangeQueue, change: Change) -> Response:
    """Change limits, protection or tags."""
    wish = commands.Change(**body.model_dump())
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, wish), "queues")


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_queue(id_or_name: str, change: Change) -> Response:
    """Delete a server of queues and its volume."""
    return await answer(change, server.delete(change.cloud, change.request, Queue, id_or_name), "queues")


@router.post("/{id_or_name}/start", status_code=202, dependencies=[Operator])
async def start_queue(id_or_name: str, change: Change) -> Response:
    """Start a stopped server of queues."""
    return await answer(change, server.start(change.cloud, change.request, Queue, id_or_name), "queues")


@router.post("/{id_or_name}/stop", status_code=202, dependencies=[Operator])
async def stop_queue(id_or_name: str, change: Change) -> Response:
    """Stop a server of queues; durable messages stay."""
    return await answer(change, server.stop(change.cloud, change.request, Queue, id_or_name), "queues")


@router.post("/{id_or_name}/rotate-credentials", status_code=202, dependencies=[Operator])
async def rotate_queue_credentials(id_or_name: str, change: Change) -> Response:
    """Give it another password; nats starts again for it, rabbitmq goes on running."""
    command = commands.rotate_credentials(change.cloud, change.request, id_or_name)
    return await answer(change, command, "queues")


@router.put("/{id_or_name}/queues/{queue}", status_code=202, dependencies=[Operator])
async def declare_queue(id_or_name: str, queue: str, body: DeclareQueue, change: Change) -> Response:
    """Have a named queue or stream inside, with these limits."""
    wish = Named(**body.model_dump())
    command = commands.declare(change.cloud, change.request, id_or_name, queue, wish)
    return await answer(change, command, "queues")


@router.delete("/{id_or_name}/queues/{queue}", status_code=202, dependencies=[Operator])
async def remove_declared_queue(id_or_name: str, queue: str, change: Change) -> Response:
    """Remove a declared queue or stream with its messages."""
    command = commands.undeclare(change.cloud, change.request, id_or_name, queue)
    return await answer(change, command, "queues")


@router.post("/{id_or_name}/purge", status_code=202, dependencies=[Operator])
async def purge_queue(id_or_name: str, body: PurgeQueue, change: Change) -> Response:
    """Remove every message of a named queue, at once."""
    command = commands.purge(change.cloud, change.request, id_or_name, body.queue)
    return await answer(change, command, "queues")


@router.get("/{id_or_name}/peek", dependencies=[Operator])
async def peek_queue(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    queue: Annotated[str, Query(max_length=63, description="the named queue")],
    limit: Annotated[int, Query(ge=1, le=MOST_PEEKED, description="messages, the oldest first")] = 10,
) -> Response:
    """Show the oldest messages of a named queue; they stay where they are."""
    found = await commands.peek(cloud, caller.account_id, id_or_name, queue, limit)
    return secret_json({"items": [_shown(message) for message in found]})


@router.get("/{id_or_name}/connection", dependencies=[Operator])
async def show_queue_connection(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show how to connect, with the password."""
    found = await server.connection(cloud, Queue, caller.account_id, id_or_name)
    namespace: str = found.server.settings["namespace"]
    if found.server.engine == "rabbitmq":
        scheme = "amqps" if found.authority else "amqp"
        return shown_connection(found, scheme, f"/{namespace}", virtual_host=namespace)
    return shown_connection(found, "tls" if found.authority else "nats", account=namespace)


@router.get("/{id_or_name}/metrics")
async def show_queue_metrics(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, stretch: Stretch
) -> Response:
    """Show what its container used: averages and maxima per step, null where nothing was measured."""
    return await used(cloud, Queue, caller.account_id, id_or_name, at, stretch)


@router.get("/{id_or_name}/stats")
async def show_queue_stats(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show what the server says of itself: depth, rates and consumers of every queue inside."""
    found = await commands.stats(cloud, caller.account_id, id_or_name)
    return Response(orjson.dumps(found), media_type="application/json")


def _shown(message: Peeked) -> dict[str, Any]:
    try:
        payload = {"text": message.payload.decode()}
    except UnicodeDecodeError:
        payload = {"base64": base64.b64encode(message.payload).decode()}
    return {
        **payload,
        "size": message.size,
        "headers": dict(message.headers),
        "redelivered": message.redelivered,
    }
