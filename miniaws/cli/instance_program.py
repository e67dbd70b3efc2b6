"""``cloud instance logs`` and ``exec``: what the program prints, and other programs beside it."""

import sys
from typing import Annotated

import typer

from miniaws.cli.arguments import WithProgram, program_of
from miniaws.cli.connection import connected
from miniaws.cli.noun import Noun
from miniaws.cli.options import Name

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the container stops.")]
Tail = Annotated[int | None, typer.Option("--tail", "-n", metavar="N", min=0, help="Only the last lines.")]
Timestamps = Annotated[bool, typer.Option("--timestamps", "-t", help="Begin each line with its time.")]


def add_commands(app: typer.Typer, noun: Noun) -> None:
    """Add ``logs`` and ``exec``."""

    @app.command("logs")
    def logs(
        name: Name,
        follow: Follow = False,  # noqa: FBT002
        tail: Tail = None,
        timestamps: Timestamps = False,  # noqa: FBT002
    ) -> None:
        """Show what the program printed."""
        show_logs(noun.at(name, "logs"), follow=follow, tail=tail, timestamps=timestamps)

    @app.command("exec", cls=WithProgram)
    def execute(ctx: typer.Context, name: Name) -> None:
        """Run a program inside: `cloud instance exec web-1 -- ls /`. Ends with its exit code."""
        if not (program := program_of(ctx)):
            raise typer.BadParameter("cannot run nothing: add `-- PROGRAM [ARGS]...`", param_hint="PROGRAM")
        with connected(f"running {program[0]} in {name}") as client:
            result = client.change("POST", noun.at(name, "exec"), {"command": program})
        sys.stdout.write(result["stdout"])
        sys.stdout.flush()
        sys.stderr.write(result["stderr"])
        raise typer.Exit(result["exit_code"])


def show_logs(path: str, *, follow: bool, tail: int | None, timestamps: bool) -> None:
    """Print lines as they come."""
    with (
        connected(None) as client,
        client.stream(path, follow=follow, tail=tail, timestamps=timestamps) as lines,
    ):
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
