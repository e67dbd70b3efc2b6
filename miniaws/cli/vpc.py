"""``cloud vpc``: networks of their own."""

from typing import Annotated

import typer

from miniaws.cli import reading, writing
from miniaws.cli.noun import Column, Noun, columns, spec
from miniaws.cli.options import Output, Tags, Timeout, Wait, pairs

VPC = Noun("vpc", "/api/vpcs", columns(Column("CIDR", spec("cidr"))))

app = typer.Typer(help="Networks that keep instances apart.", no_args_is_help=True, add_completion=False)

Cidr = Annotated[
    str | None,
    typer.Option(metavar="RANGE", help="Private IPv4 range, e.g. 10.20.0.0/24. Default: a free /24."),
]


@app.command("create")
def create(
    name: writing.NewName,
    cidr: Cidr = None,
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a VPC."""
    body = {"name": name, "cidr": cidr, "tags": pairs(tag, "--tag")}
    writing.create(VPC, body, how, timeout if wait else 0)


reading.add_reads(app, VPC)
writing.add_tag(app, VPC)
writing.add_end(app, VPC, "delete", "deleted", "nothing may use it any more")
