"""``cloud queue``: RabbitMQ or NATS that runs for people."""

from typing import Annotated, Literal
from urllib.parse import quote

import typer

from miniaws.cli import output, reading, server, writing
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, Yes, pairs


def _named(document: Document) -> str:
    return ", ".join(document["spec"]["queues"])


QUEUE = server.server_noun("queue", "/api/queues", Column("QUEUES", _named))
_MESSAGE_COLUMNS = (
    Column("SIZE", lambda message: message["size"]),
    Column("MESSAGE", lambda message: message.get("text", message.get("base64"))),
    Column("HEADERS", lambda message: message["headers"]),
)
PATIENCE_S = 180
"""RabbitMQ takes its time."""

app = typer.Typer(help="RabbitMQ or NATS that runs for you.", no_args_is_help=True, add_completion=False)

Engine = Annotated[Literal["rabbitmq", "nats"], typer.Option(help="Which program.")]
Memory = Annotated[
    int | None,
    typer.Option("--memory", metavar="MIB", min=1, help="Default: 256 for rabbitmq, 64 for nats."),
]
Username = Annotated[str, typer.Option(metavar="USER", help="Who clients sign in as.")]
Namespace = Annotated[
    str, typer.Option(metavar="NAME", help="The virtual host of rabbitmq, the account of nats.")
]
Inside = Annotated[
    str, typer.Argument(metavar="QUEUE", help="A named queue or stream inside.", show_default=False)
]
Durable = Annotated[bool, typer.Option("--durable/--transient", help="On disk. Decided once.")]
Length = Annotated[int | None, typer.Option(metavar="N", min=1, help="Then the oldest message goes.")]
Age = Annotated[int | None, typer.Option("--max-age", metavar="SECONDS", min=1, help="Then it goes.")]
DeadLetter = Annotated[
    str | None, typer.Option(metavar="QUEUE", help="Takes what is rejected, too old or too many.")
]


@app.command("create")
def create(  # noqa: PLR0913, PLR0917 - its options
    name: writing.NewName,
    engine: Engine,
    version: server.Version = None,
    memory: Memory = None,
    cpus: server.Cpus = 1.0,
    username: Username = "app",
    namespace: Namespace = "main",
    vpc: server.Vpc = "default",
    publish: server.Publish = None,
    storage: server.Storage = None,
    volume: server.Files = None,
    tls: server.Tls = False,  # noqa: FBT002
    protected: server.Protected = False,  # noqa: FBT002
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = PATIENCE_S,
) -> None:
    """Create a server of queues."""
    body = {
        "name": name,
        "engine": engine,
        "version": version,
        "memory_mb": memory,
        "cpus": cpus,
        "username": username,
        "namespace": namespace,
        "vpc": vpc,
        "publish": publish,
        "storage_gb": storage,
        "volume": volume,
        "tls": tls,
        "deletion_protection": protected,
        "tags": pairs(tag, "--tag"),
    }
    writing.create(QUEUE, body, how, timeout if wait else 0)


@app.command("change")
def change(
    name: Name,
    memory: server.NewMemory = None,
    cpus: server.NewCpus = None,
    protected: server.NewProtection = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = PATIENCE_S,
) -> None:
    """Change limits or protection. Other memory starts it again, on the same volume."""
    body = {"memory_mb": memory, "cpus": cpus, "deletion_protection": protected}
    writing.modify(QUEUE, name, body, how, timeout if wait else 0)


@app.command("declare")
def declare(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    queue: Inside,
    durable: Durable = True,  # noqa: FBT002
    max_length: Length = None,
    max_age: Age = None,
    dead_letter: DeadLetter = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = PATIENCE_S,
) -> None:
    """Have a named queue or stream inside, or change its limits."""
    body = {
        "durable": durable,
        "max_length": max_length,
        "max_age_s": max_age,
        "dead_letter": dead_letter,
    }
    wish = writing.Change(QUEUE, f"declaring {queue}", "PUT", _inside(QUEUE, name, queue), body=body)
    writing.carry_out(wish, how, timeout if wait else 0)


@app.command("remove")
def remove(name: Name, queue: Inside, yes: Yes = False, how: Output = "table") -> None:  # noqa: FBT002
    """Remove a declared queue or stream."""
    writing.confirm(f"Remove {queue} of {name}? Its messages are lost.", yes=yes)
    wish = writing.Change(QUEUE, f"removing {queue}", "DELETE", _inside(QUEUE, name, queue))
    writing.carry_out(wish, how, PATIENCE_S)


@app.command("purge")
def purge(name: Name, queue: Inside, yes: Yes = False) -> None:  # noqa: FBT002
    """Remove every message of a named queue."""
    writing.confirm(f"Purge {queue} of {name}? Its messages are lost.", yes=yes)
    body = {"queue": queue}
    wish = writing.Change(QUEUE, f"purging {queue}", "POST", QUEUE.at(name, "purge"), body=body)
    writing.carry_out(wish, "name")
    output.say(f"{queue} of {name} is empty", "green")


@app.command("peek")
def peek(
    name: Name,
    queue: Inside,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="At most so many.")] = 10,
    how: Output = "table",
) -> None:
    """Show the oldest messages of a named queue; they stay."""
    with connected() as client:
        found = client.read(QUEUE.at(name, "peek"), queue=queue, limit=limit)["items"]
    texts = [str(message.get("text", message.get("base64"))) for message in found]
    output.write(how, found, lambda: output.table(_MESSAGE_COLUMNS, found), texts)


def _inside(noun: Noun, name: str, queue: str) -> str:
    return noun.at(name, f"queues/{quote(queue, safe='')}")


reading.add_reads(app, QUEUE)
server.add_server_verbs(app, QUEUE)
writing.add_tag(app, QUEUE)
writing.add_end(app, QUEUE, "delete", "deleted", "its messages and its volume are lost")
