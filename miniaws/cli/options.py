"""Options that commands share."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer

from miniaws.cli import moments
from miniaws.cli.completion import complete_names

Format = Literal["table", "wide", "json", "yaml", "name"]


TABLES = ("table", "wide")
"""Formats that are read by people, so an empty result is explained."""


def checked(parse: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """Return a callback that reports a ValueError of a parser as wrong usage of its option."""

    def callback(value: str | None) -> str | None:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return callback


def _not_empty(value: str) -> str:
    if not value.strip():
        raise typer.BadParameter("must be an id or a name, not empty")
    return value


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Return ``KEY=VALUE`` texts as a dictionary."""
    found: dict[str, str] = {}
    for each in given or []:
        key, separator, value = each.partition("=")
        if not separator or not key:
            raise typer.BadParameter(f"must be KEY=VALUE, not {each!r}", param_hint=option)
        found[key] = value
    return found


def tag_filters(given: list[str] | None) -> list[str]:
    """Return ``KEY=VALUE`` texts as filters of the API."""
    return [f"{key}={value}" for key, value in pairs(given, "--tag").items()]


Output = Annotated[
    Format, typer.Option("--output", "-o", help="Output format; wide is a table with all columns.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        callback=checked(moments.past),
        help="Show the state at a moment: `10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log.",
    ),
]
Expires = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        callback=checked(moments.future),
        help="When it ends: `30d`, `2026-11-23 14:00` (local) or RFC 3339. Default: never.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the change has taken effect.")]
Timeout = Annotated[
    int,
    typer.Option(
        metavar="SECONDS", min=1, max=86_400, help="Maximum time to wait; exits with code 124 afterwards."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Purge = Annotated[
    bool, typer.Option("--purge", help="Remove it for good, instead of moving it to the trash.")
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        callback=_not_empty,
        help="Name or id.",
        autocompletion=complete_names,
        show_default=False,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="Only resources with this tag. Repeat for more."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Maximum number of results. Default: all.")
]
Status = Annotated[str | None, typer.Option(metavar="STATUS", help="Only resources with this status.")]
OnlyName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Only resources with this name.")
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", "-w", help="Print the list again after each change of it, until interrupted with Ctrl-C."
    ),
]
Ended = Annotated[
    bool,
    typer.Option(
        "--all",
        "-a",
        "--ended",
        help="Also show resources that were terminated, deleted or revoked in the last 24 hours.",
    ),
]
EndedSince = Annotated[
    str | None,
    typer.Option(
        "--ended-since",
        metavar="WHEN",
        callback=checked(moments.past),
        help="Also show resources that ended since: `7d ago`, `2026-11-23 14:00` (local), RFC 3339, position; 0: all.",
    ),
]
