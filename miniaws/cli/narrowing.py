"""The options by which reads of time are narrowed."""

from typing import Annotated, Literal

import typer

from miniaws.cli import moments
from miniaws.cli.noun import Noun
from miniaws.cli.options import checked

ANY = Noun("resource", "/api/resources", ())
"""A resource of any kind, by name or id."""

EventFormat = Literal["table", "json", "yaml", "ndjson", "name"]

_WHEN = "`10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log."

EventOutput = Annotated[
    EventFormat, typer.Option("--output", "-o", help="How events are written: ndjson is one a line.")
]
Kind = Annotated[
    str | None, typer.Option(metavar="KIND", help="Only one kind: instance, vpc, volume, access_key, …")
]
Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only one type of event, e.g. instance.crashed.")
]
Resource = Annotated[str | None, typer.Option(metavar="NAME", help="Only one resource, by name or id.")]
Account = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Another account, or * for all; for admins of the account main."),
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
    typer.Argument(metavar="FROM", callback=checked(moments.past), help=f"Then: {_WHEN}", show_default=False),
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
