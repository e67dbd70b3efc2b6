"""``cloud instance logs`` and ``exec``."""

import sys
from typing import Annotated

import typer

from miniaws.cli.arguments import WithProgram, program_of
from miniaws.cli.connection import connected
from miniaws.cli.noun import Noun
from miniaws.cli.options import Name

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Wait for new lines until the container stops.")]
Tail = Annotated[int | None, typer.Option("--tail", "-n", metavar="N", min=0, help="Only the last N lines.")]
Timestamps = Annotated[bool, typer.Option("--timestamps", "-t", help="Show the time of each line.")]


def add_commands(app: typer.Typer, noun: Noun) -> None:
    """Add ``logs`` and ``exec``."""

    @app.command("logs")
    def logs(
        name: Name,
        tail: Tail = None,
        *,
        follow: Follow = False,
        timestamps: Timestamps = False,
    ) -> None:
        """Show the output of the program."""
        show_logs(noun.at(name, "logs"), follow=follow, tail=tail, timestamps=timestamps)

    @app.command("exec", cls=WithProgram)
    def execute(ctx: typer.Context, name: Name) -> None:
        """Run a program in an instance: `cloud instance exec web-1 -- ls /`. Exits with its exit code."""
        if not (program := program_of(ctx)):
            raise typer.BadParameter("must be given: add `-- PROGRAM [ARGS]...`", param_hint="PROGRAM")
        with connected(f"running {program[0]} in {name}") as client:
            result = client.change("POST", noun.at(name, "exec"), {"command": program})
        sys.stdout.write(result["stdout"])
        sys.stdout.flush()
        sys.stderr.write(result["stderr"])
        raise typer.Exit(result["exit_code"])


def show_logs(path: str, *, follow: bool, tail: int | None, timestamps: bool) -> None:
    """Print lines as they arrive."""
    with (
        connected(None) as client,
        client.stream(path, follow=follow, tail=tail, timestamps=timestamps) as lines,
    ):
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
