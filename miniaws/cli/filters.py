"""Filter options of commands that read over time."""

from typing import Annotated, Literal

import typer

from miniaws.cli import moments
from miniaws.cli.completion import complete_kinds
from miniaws.cli.noun import Noun
from miniaws.cli.options import checked
from miniaws.cli.registry import KINDS

ANY = Noun("resource", "resource", "/api/resources", ())
"""A resource of any kind, by name or id."""

EventFormat = Literal["table", "json", "yaml", "ndjson", "name"]

_WHEN = "`10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log."

EventOutput = Annotated[
    EventFormat, typer.Option("--output", "-o", help="Output format; ndjson is one event per line.")
]
Kind = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        autocompletion=complete_kinds,
        help=f"Only this kind: {', '.join(KINDS)}.",
    ),
]
Type = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="Only events of this type, e.g. instance.crashed."),
]
Resource = Annotated[str | None, typer.Option(metavar="NAME", help="Only this resource, by name or id.")]
Account = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Another account, or * for all. Requires an admin key of the account main."
    ),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="WHEN", callback=checked(moments.past), help=f"After: {_WHEN}")
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        "--as-of",
        metavar="WHEN",
        callback=checked(moments.past),
        help=f"Until: {_WHEN} Default: now.",
    ),
]
Start = Annotated[
    str,
    typer.Argument(
        metavar="FROM",
        callback=checked(moments.past),
        help=f"The earlier moment: {_WHEN}",
        show_default=False,
    ),
]
End = Annotated[
    str | None,
    typer.Argument(
        metavar="[TO]",
        callback=checked(moments.past),
        help="The later moment. Default: now.",
        show_default=False,
    ),
]
