"""Servers of queues over HTTP."""

import base64
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from domain.queue import MOST_PEEKED, PeekedMessage, Queue
from miniaws.application import Cloud
from miniaws.commands import queue as commands
from miniaws.commands import server
from miniaws.http.generic import Routes, secret_json
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.servers import add_lifecycle, shown
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Queue, "a server of queues", "servers of queues")
router = routes.router


@router.post("", status_code=202, dependencies=[Operator])
async def create_queue(body: commands.CreateQueue, change: CommandContext) -> Response:
    """Create a server of queues."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_queue(id_or_name: str, body: commands.ChangeQueue, change: CommandContext) -> Response:
    """Change limits, protection or tags."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.put("/{id_or_name}/queues/{queue}", status_code=202, dependencies=[Operator])
async def declare_queue(
    id_or_name: str, queue: str, body: commands.DeclareQueue, change: CommandContext
) -> Response:
    """Declare a named queue or stream inside, with these limits."""
    command = commands.declare(change.cloud, change.request, id_or_name, queue, body)
    return await answer(change, command)


@router.delete("/{id_or_name}/queues/{queue}", status_code=202, dependencies=[Operator])
async def remove_declared_queue(id_or_name: str, queue: str, change: CommandContext) -> Response:
    """Remove a declared queue or stream with its messages."""
    command = commands.undeclare(change.cloud, change.request, id_or_name, queue)
    return await answer(change, command)


@router.post("/{id_or_name}/purge", status_code=202, dependencies=[Operator])
async def purge_queue(id_or_name: str, body: commands.PurgeQueue, change: CommandContext) -> Response:
    """Remove every message of a named queue."""
    command = commands.purge(change.cloud, change.request, id_or_name, body.queue)
    return await answer(change, command)


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
    return secret_json({"items": [_message(message) for message in found]})


def _message(message: PeekedMessage) -> dict[str, Any]:
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


async def _connection(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    found = await server.connection(cloud, Queue, account, id_or_name)
    namespace: str = found.server.settings["namespace"]
    if found.server.engine == "rabbitmq":
        scheme = "amqps" if found.authority else "amqp"
        return shown(found, scheme, f"/{namespace}", virtual_host=namespace)
    return shown(found, "tls" if found.authority else "nats", account=namespace)


routes.reads()
add_lifecycle(
    routes,
    Queue,
    "Start a stopped server of queues.",
    "Stop a server of queues; durable messages stay.",
    "Delete a server of queues and its volume.",
)
routes.action(
    "rotate-credentials",
    commands.rotate_credentials,
    "Change the password; nats is restarted for it, rabbitmq keeps running.",
    "rotate_queue_credentials",
)
routes.connection(_connection)
routes.stats(commands.stats, "Show statistics of the server: depth, rates and consumers of every queue.")
