"""``cloud diff``: what differs between two moments, grouped and short."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.narrowing import Account, End, Kind, Resource, Start
from miniaws.cli.noun import Document
from miniaws.cli.options import Output, Tags, tag_filters

_GROUPS = (("created", "+", "green"), ("deleted", "-", "red"), ("changed", "~", "yellow"))

Full = Annotated[
    bool,
    typer.Option("--full", help="Whole documents and every field, fit to be applied to the earlier state."),
]


def diff(  # noqa: PLR0913, PLR0917 - its options
    from_: Start,
    to: End = None,
    kind: Kind = None,
    resource: Resource = None,
    tag: Tags = None,
    account: Account = None,
    full: Full = False,  # noqa: FBT002
    how: Output = "table",
) -> None:
    """Show what was created, deleted and changed between two moments."""
    filters = {"kind": kind, "resource": resource, "tag": tag_filters(tag), "account": account, "full": full}
    with connected() as client:
        found = client.read("/api/diff", **{"from": from_, "to": to}, **filters)
    names = [each["name"] for group, _, _ in _GROUPS for each in found[group]]
    output.write(how, found, lambda: _drawn(found), names)
    if not names and how == "table":
        output.say(f"nothing differs between position {found['from']} and position {found['to']}")


def changed(changes: Sequence[Document]) -> Iterator[str]:
    """Yield each change in words: the field, what it was and what it is."""
    for change in changes:
        name = change["path"][-1]
        before, after = (_value(change, side, name) for side in ("before", "after"))
        yield f"{change['field'].removeprefix('spec.').removeprefix('observed.')}: {before} → {after}"


def _value(change: Document, side: str, name: str) -> str:
    value: Any = change.get(side)
    return output.text(value, name)


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
