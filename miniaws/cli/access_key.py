"""``cloud key``: who may sign in."""

from typing import Annotated, Literal

import typer

from miniaws.cli import moments, output, reading, writing
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun, columns, spec
from miniaws.cli.options import Expires, Output


def _expires(document: Document) -> str:
    instant = spec("expires_at")(document)
    return moments.local(instant) if instant else "never"


KEY = Noun("key", "/api/keys", columns(Column("ROLE", spec("role")), Column("EXPIRES", _expires)))

app = typer.Typer(help="Keys that sign in, and what they permit.", no_args_is_help=True, add_completion=False)

Role = Annotated[
    Literal["viewer", "operator", "admin"],
    typer.Option(help="A viewer reads, an operator changes, an admin also manages keys.", show_default=False),
]
Account = Annotated[str | None, typer.Option(metavar="NAME", help="Whose key. Default: your own account.")]


@app.command("issue")
def issue(
    name: writing.NewName,
    role: Role,
    account: Account = None,
    expires: Expires = None,
    how: Output = "table",
) -> None:
    """Issue a key. It is shown this once; with `-o name` it is all that is printed."""
    body = {"name": name, "role": role, "account": account, "expires_at": expires}
    with connected(f"issuing {name}") as client:
        document = client.change("POST", KEY.path, body)
    names = [document["key"]]
    output.write(how, document, lambda: output.details(document), names)
    output.say("keep the key now: only its hash is stored, and it is never shown again", "yellow")


reading.add_reads(app, KEY)
writing.add_end(app, KEY, "revoke", "revoked", "whoever uses it is locked out")
