"""``cloud rewind``: makes resources what they were at a moment."""

from typing import Annotated, Literal

import typer

from miniaws.cli import moments, output
from miniaws.cli.options import TABLES, checked
from miniaws.cli.plan import carrying_out
from miniaws.cli.plan.carrying_out import Carried
from miniaws.cli.plan.scope import Scope

NEVER = (
    "never rewound: access keys (a revoked key stays revoked), archives and snapshots (they are the past), plans, the "
    "trash, orphans"
)
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="WHEN",
        callback=checked(moments.past),
        help="The moment: `10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log.",
    ),
]
Data = Annotated[
    Literal["keep", "rewind"],
    typer.Option(
        "--data",
        help="`keep`: files and rows of what exists at both moments stay as they are. `rewind`: databases go back to "
        "the moment, volumes to their newest snapshot before it.",
    ),
]


def rewind(to: To, scope: Scope, manner: Carried, data: Data = "keep") -> None:
    """Make resources what they were at a moment, after showing what that changes."""
    body = {"type": "rewind", "to": to, "data": data, "scope": scope}
    carrying_out.propose(body, manner)
    if manner.format in TABLES:
        output.say(NEVER, "dim")
