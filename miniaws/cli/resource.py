"""``cloud resource``: resources of any kind."""

from miniaws.cli import reading, registry
from miniaws.cli.filters import Kind
from miniaws.cli.noun import Column, Noun, columns
from miniaws.cli.options import Limit, Output, Watch
from miniaws.cli.parameters import command

RESOURCE = Noun(
    "resource",
    "resource",
    "/api/resources",
    columns(Column("KIND", lambda document: document["kind"])),
    optional=("AGE", "KIND"),
    key="id",
)

app = registry.group("resource")


@command(app, "list")
def list_(
    filters: reading.Filters,
    kind: Kind = None,
    limit: Limit = None,
    how: Output = "table",
    *,
    watch: Watch = False,
) -> None:
    """List every resource, now or as of any moment."""
    reading.show_matching(RESOURCE, how, limit, {"kind": kind, **filters}, watch=watch)


reading.add_show_and_history(app, RESOURCE)
