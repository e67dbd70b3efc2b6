"""The options that say what a program runs as, and what the API takes for them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from miniaws.cli.failures import USAGE, Failure

Port = dict[str, int | None]

Image = Annotated[str, typer.Option(metavar="IMAGE", help="As the engine knows it, e.g. nginx:1.27.")]
Type = Annotated[str, typer.Option("--type", metavar="TYPE", help="See `cloud instance types`.")]
Ports = Annotated[
    list[int] | None, typer.Option("--port", metavar="PORT", help="A port of the program. Repeat for more.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME[=VALUE]",
        help="Without a value: that of your shell, seen by nobody. Repeat.",
    ),
]
VariableFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--env-file", metavar="FILE", allow_dash=True, help="Lines NAME=VALUE; - reads stdin. Repeat."
    ),
]
UserData = Annotated[
    str | None,
    typer.Option(
        "--user-data",
        metavar="TEXT|@FILE",
        help="Text that the program finds in /var/lib/cloud/instance/user-data.txt; @- reads stdin.",
    ),
]


def name(first: str | None, option: str | None) -> str:
    """Return the name, which may be given as an argument or an option."""
    if first and option and first != option:
        raise typer.BadParameter(f"cannot choose between {first!r} and {option!r}", param_hint="--name")
    if not (chosen := option or first):
        raise typer.BadParameter("cannot launch without a name: add one, e.g. web-1", param_hint="NAME")
    return chosen


def ports(inside: Sequence[int] | None, published: Sequence[str] | None) -> list[Port]:
    """Return the ports; one that is published need not be given twice."""
    found: dict[int, Port] = {port: {"port": port, "publish": None} for port in inside or ()}
    for each in published or ():
        host, separator, inner = each.partition(":")
        container = inner if separator else host
        if not (each.isascii() and host.isdecimal() and container.isdecimal()):
            raise typer.BadParameter(
                f"cannot read {each!r}: write it as HOST:PORT, e.g. 8081:80", param_hint="--publish"
            )
        port = int(container)
        if found.get(port, {}).get("publish"):
            raise typer.BadParameter(f"cannot publish port {port} twice", param_hint="--publish")
        found[port] = {"port": port, "publish": int(host)}
    return list(found.values())


def volumes(given: Sequence[str] | None) -> list[dict[str, str]]:
    """Return volumes and where they are mounted."""
    found: list[dict[str, str]] = []
    for each in given or ():
        volume, _, path = each.partition(":")
        if not volume or not path:
            raise typer.BadParameter(
                f"cannot read {each!r}: write it as VOLUME:PATH, e.g. data:/data", param_hint="--volume"
            )
        found.append({"volume": volume, "path": path})
    return found


def environment(given: Sequence[str] | None, files: Sequence[Path] | None) -> dict[str, str]:
    """Return the variables of the files and, above them, those of the options."""
    lines = [line for file in files or () for line in _lines(file)]
    return dict(_variable(line) for line in [*lines, *(given or ())])


def user_data(given: str | None) -> str:
    """Return user data: the text itself, or after an @ what a file holds."""
    if given is None or not given.startswith("@"):
        return given or ""
    return _text(Path(given[1:]))


def _lines(file: Path) -> Iterator[str]:
    for line in _text(file).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.lstrip()


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise Failure(f"cannot read {file}: {why.lower()}", USAGE) from None


def _variable(text: str) -> tuple[str, str]:
    from miniaws.settings import variable  # noqa: PLC0415 - help and completion do without its weight

    known_as, separator, value = text.partition("=")
    if separator:
        return known_as, value
    # Only the name is ever repeated: the text may be a secret that lost its name.
    if (found := variable(known_as)) is None:
        raise Failure(
            "cannot pass on a variable that is not set: write NAME=VALUE, or export NAME first", USAGE
        )
    return known_as, found
