"""Options and commands that caches, queues and databases share."""

import typer

from miniaws.cli import output, writing
from miniaws.cli.bodies import Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Noun, columns, observed, spec
from miniaws.cli.options import Name, Output
from miniaws.cli.parameters import command

PROTECTION = {"deletion_protection": Option("--protected")}
NEW_PROTECTION = {"deletion_protection": Option("--protected/--unprotected")}
PUBLISH = {"publish": Option("--publish -p", metavar="PORT")}
LIMITS = {"memory_mb": Option(minimum=1), "cpus": Option(metavar="CORES")}
CREATION = {**LIMITS, **PUBLISH, **PROTECTION}
CHANGE = {**LIMITS, **NEW_PROTECTION}


def server_noun(command_: str, label: str, path: str, *own: Column) -> Noun:
    """Return a noun with the columns that all servers have."""
    return Noun(
        command_,
        label,
        path,
        columns(
            Column("ENGINE", spec("engine")),
            Column("MEMORY (MiB)", spec("memory_mb")),
            *own,
            Column("ADDRESS", observed("address")),
            Column("PUBLISHED", spec("publish")),
        ),
        optional=(
            "ID",
            "ADDRESS",
            "AGE",
            *(each.title for each in own),
            "MEMORY (MiB)",
            "PUBLISHED",
            "ENGINE",
        ),
    )


def add_server_verbs(app: typer.Typer, noun: Noun) -> None:
    """Add ``start``, ``stop``, ``rotate-credentials``, ``connection`` and ``stats``."""
    for verb, goal, sentence in (
        ("start", "available", f"Start a stopped {noun.label}."),
        ("stop", "stopped", f"Stop a {noun.label}; the data on its volume is kept."),
    ):
        writing.add_verb(app, noun, verb, goal, sentence)
    _add_rotation(app, noun)

    @app.command("connection", help=f"Show the connection details of a {noun.label}, with its password.")
    def connection(name: Name, how: Output = "table") -> None:
        with connected() as client:
            found = client.read(noun.at(name, "connection"))
        output.write(how, found, lambda: output.details(found), [found["url"]])

    @app.command("stats", help=f"Show the statistics that a {noun.label} reports.")
    def stats(name: Name, how: Output = "table") -> None:
        with connected() as client:
            found = client.read(noun.at(name, "stats"))
        output.write(how, found, lambda: output.details(found), list(found))


def _add_rotation(app: typer.Typer, noun: Noun) -> None:
    @command(app, "rotate-credentials", text=f"Set a new password for a {noun.label}.")
    def rotate(name: Name, result: writing.Awaited) -> None:
        path = noun.at(name, "rotate-credentials")
        change = writing.Change(noun, f"changing the password of {name}", "POST", path, "available")
        writing.carry_out(change, result)
