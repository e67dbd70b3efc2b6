"""``cloud undo``: takes back what one request changed."""

from typing import TYPE_CHECKING, Annotated

import typer

from miniaws.cli.connection import connected
from miniaws.cli.failures import NOT_FOUND, Failure
from miniaws.cli.noun import Document
from miniaws.cli.plan import carrying_out
from miniaws.cli.plan.carrying_out import Carried
from miniaws.cli.plan.noun import PLAN

if TYPE_CHECKING:
    from miniaws.cli.client import Client

LAST = "last"
_NOT_UNDONE = {"access_key", "plan", "orphan", "archive", "snapshot"}
"""Kinds whose events no plan undoes; what a plan did is undone by the events of its steps."""
_LOOKED_AT = 1000

What = Annotated[
    str,
    typer.Argument(
        metavar="[POSITION|last|PLAN]",
        help="A position of the log: the request that led to that event. `last`: the newest request. Or the name of a "
        "plan that was applied.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Also take back fields that a later request changed again.")
]


def undo(manner: Carried, what: What = LAST, *, force: Force = False) -> None:
    """Take back what one request changed, after showing what that changes. An undo can be undone, too."""
    with connected("looking for the request") as client:
        request = _request(client, what)
    carrying_out.propose({"type": "undo", **request, "force": force}, manner)


def _request(client: "Client", what: str) -> Document:
    if what.isascii() and what.isdigit():
        return {"position": int(what)}
    if what == LAST:
        return {"position": _last(client)}
    plan = client.read(PLAN.at(what))
    asked = client.pages("/api/timeline", 1, resource=plan["id"], type="plan.apply_requested")
    if not asked:
        raise Failure(f"cannot undo plan {plan['name']}: it was not applied")
    return {"request": asked[0]["correlationid"]}


def _last(client: "Client") -> int:
    """Return the position of the newest event that a person's request led to."""
    for event in client.pages("/api/timeline", _LOOKED_AT):
        if not event["actor"].startswith("system:") and event["resourcekind"] not in _NOT_UNDONE:
            return event["position"]
    raise Failure(
        f"cannot find a request to undo in the last {_LOOKED_AT} events: give a position, see `cloud timeline`",
        NOT_FOUND,
    )
