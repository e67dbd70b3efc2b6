"""``cloud admin``: works on the store directly, with the settings of the cloud and without a key."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from domain.errors import PortError, Unreachable
from miniaws.cli import moments, output, registry
from miniaws.cli.failures import NO_ANSWER, Failure
from miniaws.cli.filters import From, To
from miniaws.cli.noun import Column
from miniaws.settings import Settings

if TYPE_CHECKING:
    from miniaws.administration import Header

app = registry.group("admin")

Output = Annotated[Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="Output format.")]
File = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A new file.")]
Bundle = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
Port = Annotated[
    int | None,
    typer.Option(metavar="PORT", min=1, max=65535, help="The port to listen on. Default: a free port."),
]
Home = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="An empty directory for its data. Default: a temporary one."
    ),
]


@app.command("verify")
def verify(how: Output = "table") -> None:
    """Verify the read models against the log. Exits with 1 if they differ."""
    from miniaws import administration  # noqa: PLC0415 - with the weight of the control plane

    with _working("comparing the read models with the log"):
        found = administration.verify(Settings())
    body = {"position": found.position, "events": found.events, "differences": found.differences}
    columns = (Column("DIFFERENCE", itemgetter("difference")),)
    rows = [{"difference": each} for each in found.differences]
    if how != "table" or rows:
        output.write(how, body, lambda: output.table(columns, rows), ())
    replayed = f"{found.events} events replayed, up to position {found.position}"
    if found.differences:
        raise Failure(f"{len(found.differences)} differences; {replayed}; see `cloud admin rebuild`")
    output.say(f"the read models match the log: {replayed}", "green")


@app.command("rebuild")
def rebuild() -> None:
    """Rebuild the read models from the log while the cloud runs, then switch to them."""
    from miniaws import administration  # noqa: PLC0415 - as above

    with _working("rebuilding the read models"):
        position = administration.renew_reads(Settings())
    output.say(f"the read models are rebuilt, as of position {position}", "green")


@app.command("export")
def export(file: File, from_: From = None, to: To = None) -> None:
    """Export a range of the history to a tamper-evident file without secrets."""
    from miniaws import administration  # noqa: PLC0415 - as above

    with _working("exporting"):
        header, count = administration.export(Settings(), file, from_, to)
    span = f"position {header.after} to {header.to}"
    output.say(
        f"{count} events in {file}: {span}, until {moments.local(header.ends_at.isoformat())}", "green"
    )


@app.command("open")
def open_(file: Bundle, port: Port = None, data_dir: Home = None) -> None:
    """Serve the API of an exported history, read-only, until interrupted. It needs no container engine."""
    from miniaws import administration  # noqa: PLC0415 - as above

    with _working(None), suppress(KeyboardInterrupt):
        administration.show(file, port, data_dir, _announce)


def _announce(header: "Header", url: str, keys: Mapping[str, str]) -> None:
    ends_at = moments.local(header.ends_at.isoformat())
    output.say(
        f"{header.cloud}, from position {header.after} to {header.to}, until {ends_at}: {url}", "green"
    )
    output.say("use this MINIAWS_URL and one of these keys as MINIAWS_API_KEY; stop with Ctrl-C")
    rows = [{"url": url, "account": account, "key": key} for account, key in keys.items()]
    columns = tuple(Column(name.upper(), itemgetter(name)) for name in ("url", "account", "key"))
    output.write("table", rows, lambda: output.table(columns, rows), ())


@contextmanager
def _working(doing: str | None) -> Generator[None]:
    """Report errors of the store or the file as failures of the command."""
    try:
        if doing is None:
            yield
            return
        with output.working(doing):
            yield
    except Unreachable as error:
        raise Failure(str(error), NO_ANSWER) from None
    except PortError as error:
        raise Failure(str(error)) from None
