"""``cloud dashboard``: opens the console in a browser, signed in."""

import html
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miniaws.cli import output, profiles, registry, target
from miniaws.cli.failures import REFUSED, Failure
from miniaws.environment import variable

if TYPE_CHECKING:
    from miniaws.cli.client import Client

app = registry.group("dashboard")

_TIMEOUT_S = 3.0
"""A running cloud answers sooner."""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>miniaws</title><meta http-equiv="refresh" content="0;url={link}">
<p><a href="{link}">To the console</a></p></html>
"""


@app.callback()
def dashboard() -> None:
    """Open the console in a browser."""


@app.command("open")
def open_console(
    *,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser", help="Print a link instead. It is valid for one sign-in within a minute."
        ),
    ] = False,
) -> None:
    """Open the console in a browser, signed in. Start the cloud first if it is not running."""
    from miniaws.cli.client import connect  # noqa: PLC0415 - help does without the weight of HTTP

    is_here = variable("MINIAWS_URL") is None and profiles.selected(target.home()) == profiles.DEFAULT
    if not _answers() and is_here and not _start():
        raise Failure("cannot open the console: the cloud did not start; see `cloud status`", REFUSED)
    with connect() as client:
        link = _link(client)
        if no_browser:
            typer.echo(link)
            return
        _show(link)
        output.say(f"the console is at {client.url}/")


def _answers() -> bool:
    from miniaws.cli.client import connect  # noqa: PLC0415 - as above

    try:
        with connect(timeout_s=_TIMEOUT_S) as client:
            client.read("/health/live")
    except Failure:
        return False
    return True


def _start() -> bool:
    """Start the cloud in the background unless it runs; return whether it is ready, and print the reason if not."""
    from miniaws.cli.up import start  # noqa: PLC0415 - with the weight of the control plane
    from miniaws.settings import Settings  # noqa: PLC0415 - as above

    return start(Settings())


def _link(client: "Client") -> str:
    """Return a URL that signs in once. Browsers do not send the part after ``#``, so no server logs it."""
    ticket = client.ask("/api/session/tickets", {})["ticket"]
    return f"{client.url}/#ticket={ticket}"


def _show(link: str) -> None:
    """Open the link through a private file: arguments of a browser are visible to every user of this host."""
    page = target.home() / "console.html"
    _write(page, _PAGE.format(link=html.escape(link)))
    if not webbrowser.open(page.as_uri()):
        raise Failure("cannot find a browser: open the link of `cloud dashboard open --no-browser`", REFUSED)


def _write(page: Path, text: str) -> None:
    page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    page.unlink(missing_ok=True)
    page.touch(mode=0o600)
    page.write_text(text)
