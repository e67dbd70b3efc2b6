"""Options of ``cloud instance launch`` and of the template of ``cloud asg``."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from miniaws.cli.arguments import program_of
from miniaws.cli.bodies import Option
from miniaws.cli.failures import USAGE, Failure
from miniaws.environment import variable

Port = dict[str, int | None]

FirstName = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A name for the instance.", show_default=False)
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The name, as an option instead of an argument.")
]
Ports = Annotated[
    list[int] | None,
    typer.Option("--port", metavar="PORT", help="A port that the program listens on. Repeat for more."),
]
Published = Annotated[
    list[str] | None,
    typer.Option(
        "--publish",
        "-p",
        metavar="HOST:PORT",
        help="Publish a port of the program on a port of the host. Repeat for more.",
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME[=VALUE]",
        help="An environment variable. Without a value: taken from your environment and not shown. Repeat for more.",
    ),
]
VariableFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        allow_dash=True,
        help="A file with lines NAME=VALUE; - reads stdin. Repeat for more.",
    ),
]


def name(*, name: FirstName = None, as_name: NameOption = None) -> str:
    """Return the name, which may be given as an argument or an option."""
    if name and as_name and name != as_name:
        raise typer.BadParameter(
            f"must be left out, or be {name!r}, too; not {as_name!r}", param_hint="--name"
        )
    if not (chosen := as_name or name):
        raise typer.BadParameter("must be given, e.g. web-1", param_hint="NAME")
    return chosen


def inner_ports(*, port: Ports = None) -> list[Port] | None:
    """Return ports that are not published."""
    return [{"port": number} for number in port] if port else None


def ports(*, port: Ports = None, publish: Published = None) -> list[Port]:
    """Return the ports; a published port need not be given twice."""
    found: dict[int, Port] = {number: {"port": number, "publish": None} for number in port or ()}
    for each in publish or ():
        host, separator, inner = each.partition(":")
        container = inner if separator else host
        if not (each.isascii() and host.isdecimal() and container.isdecimal()):
            raise typer.BadParameter(f"must be HOST:PORT, e.g. 8081:80; not {each!r}", param_hint="--publish")
        number = int(container)
        if found.get(number, {}).get("publish"):
            raise typer.BadParameter(
                f"must publish each port once, not {number} twice", param_hint="--publish"
            )
        found[number] = {"port": number, "publish": int(host)}
    return list(found.values())


def _volumes(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return volumes and where they are mounted."""
    found: list[dict[str, str]] = []
    for each in texts:
        volume, _, path = each.partition(":")
        if not volume or not path:
            raise ValueError(f"must be VOLUME:PATH, e.g. data:/data; not {each!r}")
        found.append({"volume": volume, "path": path})
    return found


def environment(*, env: Variables = None, env_file: VariableFiles = None) -> dict[str, str] | None:
    """Return the variables of the files, overridden by those of the options; None if none is given."""
    if not env and not env_file:
        return None
    lines = [line for file in env_file or () for line in _lines(file)]
    return dict(_variable(line) for line in [*lines, *(env or ())])


def _user_data(text: str) -> str:
    """Return the text itself or, after an @, the content of a file."""
    return _text(Path(text[1:])) if text.startswith("@") else text


def _capabilities(names: Sequence[str]) -> list[str]:
    """Return Linux capabilities, which may be written as for Docker, e.g. ``cap_net_raw``."""
    return [each.upper().removeprefix("CAP_") for each in names]


def _signal(name: str) -> str:
    """Return a signal, which may be written as for Docker, e.g. ``quit``."""
    return f"SIG{name.upper().removeprefix('SIG')}"


PROCESS = {
    "type": Option(help="See `cloud instance types`."),
    "command": program_of,
    "env": environment,
    "capabilities": Option("--cap-add", metavar="CAPABILITY", parse=_capabilities),
    "stop_signal": Option(metavar="SIGNAL", parse=_signal),
}
"""Fields that describe how a program is run."""
TEMPLATE = {
    **{f"template.{name}": option for name, option in PROCESS.items()},
    "template.ports": inner_ports,
    "template.tags": Option("--template-tag", help="A tag of every instance."),
}
INSTANCE = {
    **PROCESS,
    "name": name,
    "ports": ports,
    "volumes": Option(
        "--volume",
        metavar="VOLUME:PATH",
        parse=_volumes,
        help="Mount a volume at a path.",
    ),
    "user_data": Option(metavar="TEXT|@FILE", parse=_user_data),
}


def _lines(file: Path) -> Iterator[str]:
    for line in _text(file).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.lstrip()


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is not a text file"
        raise Failure(f"cannot read {file}: {why.lower()}", USAGE) from None


def _variable(text: str) -> tuple[str, str]:
    known_as, separator, value = text.partition("=")
    if separator:
        return known_as, value
    # Only the name is ever repeated: the text may be a secret that lost its name.
    if (found := variable(known_as)) is None:
        raise Failure(
            "cannot pass on a variable that is not set: write NAME=VALUE, or export NAME first", USAGE
        )
    return known_as, found
