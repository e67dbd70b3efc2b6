"""What the words of all managed servers share: options, start and stop, connection, stats, protection."""

from typing import Annotated

import typer

from miniaws.cli import output, writing
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Noun, columns, observed, spec
from miniaws.cli.options import Name, Output, Timeout, Wait

Engine = Annotated[str, typer.Option(metavar="ENGINE", help="Which program.")]
Version = Annotated[str | None, typer.Option(metavar="VERSION", help="Default: the newest.")]
Memory = Annotated[int, typer.Option("--memory", metavar="MIB", min=1, help="A real limit.")]
NewMemory = Annotated[int | None, typer.Option("--memory", metavar="MIB", min=1, help="A real limit.")]
Cpus = Annotated[float, typer.Option(metavar="CORES", help="Cores it may use.")]
NewCpus = Annotated[float | None, typer.Option("--cpus", metavar="CORES", help="Cores it may use.")]
Vpc = Annotated[str, typer.Option(metavar="VPC", help="The network it joins.")]
Publish = Annotated[
    int | None,
    typer.Option(
        "--publish", "-p", metavar="PORT", help="A port of the host that leads to it. Default: private."
    ),
]
Storage = Annotated[
    int | None,
    typer.Option("--storage", metavar="GIB", min=1, help="A real limit of its volume. Default: the disk's."),
]
Files = Annotated[
    str | None,
    typer.Option(
        metavar="VOLUME",
        help="One with the files of such a server, as a snapshot was restored to. It goes with it.",
    ),
]
Tls = Annotated[bool, typer.Option("--tls", help="Speak TLS and nothing else.")]
Protected = Annotated[bool, typer.Option("--protected", help="Refuse to delete it.")]
NewProtection = Annotated[
    bool | None, typer.Option("--protected/--unprotected", help="Whether deleting it is refused.")
]


def server_noun(word: str, path: str, *own: Column) -> Noun:
    """Return a noun with the columns of every server."""
    return Noun(
        word,
        path,
        columns(
            Column("ENGINE", spec("engine")),
            Column("MEMORY (MiB)", spec("memory_mb")),
            *own,
            Column("ADDRESS", observed("address")),
            Column("PUBLISHED", spec("publish")),
        ),
    )


def add_server_verbs(app: typer.Typer, noun: Noun) -> None:
    """Add what every server can do: start, stop, rotate-credentials, connection, stats."""
    for verb, goal, sentence in (
        ("start", "available", f"Start one stopped {noun.word}."),
        ("stop", "stopped", f"Stop one {noun.word}; what it keeps on its volume stays."),
    ):
        writing.add_verb(app, noun, verb, goal, sentence)
    _add_rotation(app, noun)

    @app.command("connection", help=f"Show how to connect to one {noun.word}, with its password.")
    def connection(name: Name, how: Output = "table") -> None:
        with connected() as client:
            found = client.read(noun.at(name, "connection"))
        output.write(how, found, lambda: output.details(found), [found["url"]])

    @app.command("stats", help=f"Show what one {noun.word} says of itself.")
    def stats(name: Name, how: Output = "table") -> None:
        with connected() as client:
            found = client.read(noun.at(name, "stats"))
        output.write(how, found, lambda: output.details(found), list(found))


def _add_rotation(app: typer.Typer, noun: Noun) -> None:
    @app.command("rotate-credentials", help=f"Give one {noun.word} another password.")
    def rotate(
        name: Name,
        how: Output = "table",
        wait: Wait = True,  # noqa: FBT002
        timeout: Timeout = writing.PATIENCE_S,
    ) -> None:
        path = noun.at(name, "rotate-credentials")
        change = writing.Change(noun, f"changing the password of {name}", "POST", path, "available")
        writing.carry_out(change, how, timeout if wait else 0)
