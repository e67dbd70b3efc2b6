"""``cloud diff``: the differences between two moments."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.filters import Account, End, Kind, Resource, Start
from miniaws.cli.noun import Document
from miniaws.cli.options import TABLES, Output, Tags, tag_filters
from miniaws.cli.parameters import Call

_GROUPS = (("created", "+", "green"), ("deleted", "-", "red"), ("changed", "~", "yellow"))

Full = Annotated[
    bool,
    typer.Option("--full", help="Return whole documents and every field, as a patch of the earlier state."),
]


def _filters(
    *, kind: Kind = None, resource: Resource = None, tag: Tags = None, account: Account = None
) -> dict[str, Any]:
    return {"kind": kind, "resource": resource, "tag": tag_filters(tag), "account": account}


def diff(
    from_: Start,
    filters: Annotated[dict[str, Any], Call(_filters)],
    to: End = None,
    how: Output = "table",
    *,
    full: Full = False,
) -> None:
    """Show what was created, deleted and changed between two moments."""
    with connected() as client:
        found = client.read("/api/diff", **{"from": from_, "to": to}, **filters, full=full)
    names = [each["name"] for group, _, _ in _GROUPS for each in found[group]]
    output.write(how, found, lambda: _drawn(found), names)
    if not names and how in TABLES:
        output.say(f"nothing differs between position {found['from']} and position {found['to']}")


def changed(changes: Sequence[Document]) -> Iterator[str]:
    """Yield each change as text: the field, its value before and after."""
    for change in changes:
        before, after = (output.text(change.get(side)) for side in ("before", "after"))
        yield f"{change['field'].removeprefix('spec.').removeprefix('observed.')}: {before} → {after}"


def _drawn(found: Document) -> Table:
    drawn = Table(box=None, pad_edge=False, show_header=False)
    drawn.add_column(overflow="fold")
    for group, sign, colour in _GROUPS:
        if not found[group]:
            continue
        drawn.add_row(Text(f"{group} ({len(found[group])})", "bold"))
        for each in found[group]:
            status = "" if group == "changed" else f" {each['status']}"
            drawn.add_row(Text(f"  {sign} {each['kind']} {output.text(each['name'])}{status}", colour))
            for line in changed(each.get("changes", ())):
                drawn.add_row(Text(f"      {line}"))
    return drawn
