"""``cloud queue``."""

from typing import Annotated
from urllib.parse import quote

import typer

from miniaws.cli import output, reading, registry, server, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import Name, Output, Yes
from miniaws.cli.parameters import command


def _named(document: Document) -> str:
    return ", ".join(document["spec"]["queues"])


QUEUE = server.server_noun("queue", "queue server", "/api/queues", Column("QUEUES", _named))
_MESSAGE_COLUMNS = (
    Column("SIZE", lambda message: message["size"]),
    Column("MESSAGE", lambda message: message.get("text", message.get("base64"))),
    Column("HEADERS", lambda message: message["headers"]),
)
TIMEOUT_S = 180
"""RabbitMQ takes long to start."""

app = registry.group("queue")

Inside = Annotated[
    str, typer.Argument(metavar="QUEUE", help="A queue or stream of the server.", show_default=False)
]
Settings = Annotated[
    Document,
    Body("DeclareQueue", {"durable": Option("--durable/--transient"), "max_length": Option(metavar="N")}),
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Maximum number of messages.")]
QueueAwaited = Annotated[writing.Result, writing.ResultOptions(TIMEOUT_S)]

writing.add_create(
    app,
    QUEUE,
    "CreateQueue",
    {**server.CREATION, "engine": Option(choices=("rabbitmq", "nats"))},
    text="Create a message queue server.",
    without=("queues",),
    timeout_s=writing.CREATION_TIMEOUT_S,
)
writing.add_change(
    app,
    QUEUE,
    "ChangeQueue",
    server.CHANGE,
    text="Change limits, security groups or deletion protection. Other memory restarts the server on the same volume.",
    timeout_s=TIMEOUT_S,
)


@command(app, "declare")
def declare(name: Name, queue: Inside, body: Settings, result: QueueAwaited) -> None:
    """Create a queue or stream on the server, or change its limits."""
    path = _inside(QUEUE, name, queue)
    writing.carry_out(writing.Change(QUEUE, f"declaring {queue}", "PUT", path, body=body), result)


@app.command("remove")
def remove(name: Name, queue: Inside, *, yes: Yes = False, how: Output = "table") -> None:
    """Remove a queue or stream from the server."""
    writing.confirm(f"Remove {queue} of {name}? Its messages are lost.", yes=yes)
    change = writing.Change(QUEUE, f"removing {queue}", "DELETE", _inside(QUEUE, name, queue))
    writing.carry_out(change, writing.Result(how, TIMEOUT_S))


@app.command("purge")
def purge(name: Name, queue: Inside, *, yes: Yes = False) -> None:
    """Delete all messages of a queue."""
    writing.confirm(f"Purge {queue} of {name}? Its messages are lost.", yes=yes)
    body = {"queue": queue}
    change = writing.Change(QUEUE, f"purging {queue}", "POST", QUEUE.at(name, "purge"), body=body)
    writing.carry_out(change, writing.Result("name", TIMEOUT_S))
    output.say(f"{queue} of {name} is empty", "green")


@app.command("peek")
def peek(name: Name, queue: Inside, limit: Limit = 10, how: Output = "table") -> None:
    """Show the oldest messages of a queue without removing them."""
    with connected() as client:
        found = client.read(QUEUE.at(name, "peek"), queue=queue, limit=limit)["items"]
    texts = [str(message.get("text", message.get("base64"))) for message in found]
    output.write(how, found, lambda: output.table(_MESSAGE_COLUMNS, found), texts)


def _inside(noun: Noun, name: str, queue: str) -> str:
    return noun.at(name, f"queues/{quote(queue, safe='')}")


reading.add_reads(app, QUEUE)
server.add_server_verbs(app, QUEUE)
writing.add_tag(app, QUEUE)
writing.add_trash(app, QUEUE, "delete")
