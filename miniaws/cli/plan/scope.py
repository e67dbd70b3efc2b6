"""Options that say which resources a plan is about."""

from typing import Annotated, Literal

import typer

from miniaws.cli.noun import Document
from miniaws.cli.options import Tags, pairs
from miniaws.cli.parameters import Call

Kind = Literal[
    "vpc",
    "subnet",
    "security_group",
    "volume",
    "database",
    "cache",
    "queue",
    "instance",
    "load_balancer",
    "scaling_group",
]
"""A kind that plans change."""

InVpc = Annotated[str | None, typer.Option("--vpc", metavar="NAME", help="Only what is in this VPC.")]
OfKind = Annotated[Kind | None, typer.Option("--kind", help="Only resources of this kind.")]
Named = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only resources with this name.")]


def scope(*, vpc: InVpc = None, kind: OfKind = None, name: Named = None, tag: Tags = None) -> Document:
    """Return the scope of a plan; empty for everything."""
    given = {"vpc": vpc, "kind": kind, "name": name, "tags": pairs(tag, "--tag") or None}
    return {field: value for field, value in given.items() if value is not None}


Scope = Annotated[Document, Call(scope)]
