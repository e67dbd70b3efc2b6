"""``cloud fork``: copies resources, as they were at a moment, beside the present ones."""

from typing import Annotated

import typer

from miniaws.cli import moments, output, registry
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import checked
from miniaws.cli.parameters import command
from miniaws.cli.plan import carrying_out
from miniaws.cli.plan.carrying_out import Carried
from miniaws.cli.plan.scope import Scope

FORK_TAG = "miniaws:fork"
_CONNECT = {
    "instance": "cloud instance exec {name} -- sh",
    "database": "cloud db connection {name}",
    "cache": "cloud cache connection {name}",
    "queue": "cloud queue connection {name}",
}


def _connect(resource: Document) -> str | None:
    template = _CONNECT.get(resource["kind"])
    return None if template is None else template.format(name=resource["name"])


_COPY = Noun(
    "resource",
    "copy",
    "/api/resources",
    (
        Column("KIND", lambda resource: resource["kind"]),
        Column("NAME", lambda resource: resource["name"]),
        Column("CONNECT", _connect),
    ),
)

At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="WHEN",
        callback=checked(moments.past),
        help="The moment: `10m ago`, `2026-11-23 14:00` (local), RFC 3339, or a position of the log. Default: now.",
    ),
]
As = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Name of the fork and of its VPC, e.g. shop-debug.")
]
OfFork = Annotated[str, typer.Argument(metavar="NAME", help="Name of the fork.", show_default=False)]
Published = Annotated[
    list[str] | None,
    typer.Option(
        "--publish",
        "-p",
        metavar="PORT:PORT",
        help="Publish what listens on the first host port on the second one; others are private. Repeat for more.",
    ),
]

app = registry.group("fork")


@command(app, "create")
def create(fork: As, scope: Scope, manner: Carried, at: At = None, publish: Published = None) -> None:
    """Copy resources with their data, as they were at a moment, after showing what is created."""
    body = {"type": "fork", "to": at, "name": fork, "scope": scope, "publish": _ports(publish or [])}
    plan = carrying_out.propose({key: value for key, value in body.items() if value is not None}, manner)
    if plan is not None and manner.format == "table":
        steps = (each for each in plan["observed"]["steps"] if each["action"] in {"create", "restore"})
        output.show_list(_COPY, [step["resource"] for step in steps], "table")


@command(app, "delete")
def delete(name: OfFork, manner: Carried) -> None:
    """Delete a fork with all its resources, after showing what is deleted."""
    carrying_out.propose({"type": "remove", "scope": {"tags": {FORK_TAG: name}}}, manner)


def _ports(given: list[str]) -> Document:
    found: Document = {}
    for each in given:
        original, separator, port = each.partition(":")
        if not separator or not (original.isdigit() and port.isdigit()):
            raise typer.BadParameter(
                f"must be PORT:PORT, e.g. 8081:9081; not {each!r}", param_hint="--publish"
            )
        found[original] = int(port)
    return found
