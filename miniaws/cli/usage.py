"""``cloud usage``: resource usage in hours."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.table import Table

from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.filters import Account, From, To
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Output

GroupBy = Annotated[
    str,
    typer.Option("--group-by", metavar="WHAT", help="Group by account, kind, resource, type, or tag:KEY."),
]


def usage(
    from_: From = None,
    to: To = None,
    group_by: GroupBy = "account",
    account: Account = None,
    how: Output = "table",
) -> None:
    """Show the instance, volume and gigabyte hours of a time range."""
    with connected() as client:
        span = {"from": from_, "to": to}
        found = client.read("/api/usage", **span, group_by=group_by, account=account)
    names = [str(item["group"]) for item in found["items"]]
    output.write(how, found, lambda: _drawn(found), names)


def _drawn(found: Document) -> Table:
    title = found["group_by"].removeprefix("tag:").upper()
    hours = [
        Column(f"{measure.replace('_', ' ').upper()} HOURS", _hours(measure))
        for measure in found["total"]["hours"]
    ]
    total = {"group": "TOTAL", **found["total"]}
    return output.table((Column(title, lambda item: item["group"]), *hours), [*found["items"], total])


def _hours(measure: str) -> Callable[[Document], str]:
    def cell(item: Document) -> str:
        return f"{item['hours'].get(measure, 0):.4f}"

    return cell
