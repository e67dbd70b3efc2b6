"""``cloud resource``: every kind of resource at once."""

from typing import Annotated

import typer

from miniaws.cli import reading
from miniaws.cli.noun import Column, Noun, columns
from miniaws.cli.options import AsOf, Ended, Limit, OnlyName, Output, Status, Tags, tag_filters

RESOURCE = Noun(
    "resource", "/api/resources", columns(Column("KIND", lambda document: document["kind"])), key="id"
)

app = typer.Typer(help="Every kind of resource at once.", no_args_is_help=True, add_completion=False)

Kind = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="Only one kind: instance, vpc, volume, snapshot, access_key, …"),
]


@app.command("list")
def list_(  # noqa: PLR0913, PLR0917 - its options
    kind: Kind = None,
    how: Output = "table",
    as_of: AsOf = None,
    status: Status = None,
    name: OnlyName = None,
    tag: Tags = None,
    ended: Ended = False,  # noqa: FBT002
    limit: Limit = None,
) -> None:
    """List every resource, now or as of any moment."""
    filters = {"status": status, "name": name, "tag": tag_filters(tag), "ended": ended}
    reading.show_matching(RESOURCE, how, limit, kind=kind, as_of=as_of, **filters)


reading.add_show_and_history(app, RESOURCE)
