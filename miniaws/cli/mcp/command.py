"""``cloud mcp``."""

from typing import Annotated

import typer

from miniaws.cli import output, target
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.mcp import server
from miniaws.cli.mcp.address import Address
from miniaws.environment import variable

_VARIABLE = "MINIAWS_MCP_TOKEN"
"""Holds the token that clients of the server send."""

Http = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="HOST:PORT",
        help="Listen at this address instead of stdin and stdout. PORT alone listens on loopback.",
        show_default=False,
    ),
]


AllowChanges = Annotated[
    bool,
    typer.Option(
        "--allow-changes",
        help="Also offer `plan`, `undo` and `apply`: an assistant can carry out plans that it was shown.",
    ),
]


def mcp(http: Http = None, *, allow_changes: AllowChanges = False) -> None:
    """Offer this cloud to an assistant as tools of the Model Context Protocol (MCP).

    Without options, the protocol is spoken on stdin and stdout, as assistants that start the command expect.
    """
    address = _address(http)
    token = variable(_VARIABLE) or None
    if address is not None and token is None:
        _refuse_if_exposed(address, allow_changes=allow_changes)
    to = target.find()
    serving = server.create(to, address, token, allows_changes=allow_changes)
    if address is None:
        serving.run("stdio")
        return
    output.say(f"serving {to.url} at {address.origin}/mcp; stop with Ctrl-C")
    server.serve_http(serving, address)


def _refuse_if_exposed(address: Address, *, allow_changes: bool) -> None:
    remedy = f"set {_VARIABLE}, and let clients send it as `Authorization: Bearer …`"
    if not address.is_loopback:
        raise Failure(
            f"cannot listen at {address.origin} without a token, since other machines reach it: {remedy}",
            USAGE,
        )
    if allow_changes:
        raise Failure(
            f"cannot allow changes over HTTP without a token, since every user of this machine reaches it: {remedy}",
            USAGE,
        )


def _address(text: str | None) -> Address | None:
    try:
        return None if text is None else Address.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--http") from None
