"""``cloud key``."""

from typing import Annotated

from miniaws.cli import moments, output, reading, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun, columns, spec
from miniaws.cli.options import Output
from miniaws.cli.parameters import command


def _expires(document: Document) -> str:
    instant = spec("expires_at")(document)
    return moments.local(instant) if instant else "never"


KEY = Noun("key", "key", "/api/keys", columns(Column("ROLE", spec("role")), Column("EXPIRES", _expires)))

app = registry.group("key")

Key = Annotated[
    Document,
    Body(
        "IssueKey",
        {
            "name": writing.NEW_NAME,
            "expires_at": Option(
                "--expires",
                metavar="WHEN",
                parse=moments.future,
                help="Expiry: `30d`, `2026-11-23 14:00` (local) or RFC 3339. Default: never.",
            ),
        },
    ),
]


@command(app, "issue")
def issue(body: Key, how: Output = "table") -> None:
    """Issue a key. It is shown only once; `-o name` prints the key alone."""
    with connected(f"issuing {body['name']}") as client:
        document = client.change("POST", KEY.path, body)
    names = [document["key"]]
    output.write(how, document, lambda: output.details(document), names)
    output.say("keep the key now: only its hash is stored, and it is never shown again", "yellow")


reading.add_reads(app, KEY)
writing.add_end(app, KEY, "revoke", "revoked", "its users lose access")
