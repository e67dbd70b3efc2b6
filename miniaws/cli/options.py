"""The options that commands share, so that they mean the same everywhere."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer

from miniaws.cli import moments
from miniaws.cli.completion import complete_names

Format = Literal["table", "json", "yaml", "name"]


def checked(parse: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """Let a parser's ValueError be a wrong use of its option."""

    def callback(value: str | None) -> str | None:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return callback


def _not_empty(value: str) -> str:
    if not value.strip():
        raise typer.BadParameter("cannot be empty: give an id or a name")
    return value


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Return ``KEY=VALUE`` texts as a dictionary."""
    found: dict[str, str] = {}
    for each in given or []:
        key, separator, value = each.partition("=")
        if not separator or not key:
            raise typer.BadParameter(f"cannot read {each!r}: write it as KEY=VALUE", param_hint=option)
        found[key] = value
    return found


def tag_filters(given: list[str] | None) -> list[str]:
    """Return ``KEY=VALUE`` texts as the API filters by them."""
    return [f"{key}={value}" for key, value in pairs(given, "--tag").items()]


Output = Annotated[Format, typer.Option("--output", "-o", help="How the result is written on stdout.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        callback=checked(moments.past),
        help="Show the past: `10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log.",
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
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it has come about.")]
Timeout = Annotated[
    int, typer.Option(metavar="SECONDS", min=1, max=86_400, help="How long to wait; then exit code 124.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
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
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="Repeat for more.")]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Show at most so many. Default: all.")]
Status = Annotated[str | None, typer.Option(metavar="STATUS", help="Only those with this status.")]
OnlyName = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only those with this name.")]
Ended = Annotated[bool, typer.Option("--all", "-a", help="Also what was terminated, deleted or revoked.")]
