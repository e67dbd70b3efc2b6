"""``cloud dashboard``: the console, in a browser that is signed in at once."""

import html
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from miniaws.cli import output
from miniaws.cli.client import Client, connect
from miniaws.cli.failures import REFUSED, Failure
from miniaws.cli.up import start
from miniaws.settings import Settings

app = typer.Typer(help="The console, in a browser.", no_args_is_help=True, add_completion=False)

_PATIENCE_S = 3.0
"""A cloud that runs answers sooner."""
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
        bool, typer.Option("--no-browser", help="Print the link. It signs in once, within a minute.")
    ] = False,
) -> None:
    """Open the console in a browser that is signed in; start the cloud first when it does not run."""
    settings = Settings()
    if not _answers(settings) and settings.url_override is None and not start(settings):
        raise Failure("cannot open the console: the cloud did not start; see `cloud status`", REFUSED)
    with connect(settings) as client:
        link = _link(client)
        if no_browser:
            typer.echo(link)
            return
        _show(settings, link)
        output.say(f"the console is at {client.url}/")


def _answers(settings: Settings) -> bool:
    try:
        with connect(settings, patience_s=_PATIENCE_S) as client:
            client.read("/health/ready")
    except Failure:
        return False
    return True


def _link(client: Client) -> str:
    """Return an address that signs in once. What stands behind ``#`` is sent to no server and logged by none."""
    ticket = client.ask("/api/session/tickets", {})["ticket"]
    return f"{client.url}/#ticket={ticket}"


def _show(settings: Settings, link: str) -> None:
    """Let a browser open the link from a file of ours: its own arguments can be read by everybody on this host."""
    page = settings.home / "console.html"
    _write(page, _PAGE.format(link=html.escape(link)))
    if not webbrowser.open(page.as_uri()):
        raise Failure("cannot find a browser: open the link of `cloud dashboard open --no-browser`", REFUSED)


def _write(page: Path, text: str) -> None:
    page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    page.unlink(missing_ok=True)
    page.touch(mode=0o600)
    page.write_text(text)
