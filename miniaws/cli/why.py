"""``cloud why``: the chain of causes of a resource's state."""

from rich.table import Table

from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.filters import ANY, Kind
from miniaws.cli.noun import Document
from miniaws.cli.options import AsOf, Name, Output


def why(name: Name, kind: Kind = None, as_of: AsOf = None, how: Output = "table") -> None:
    """Explain the state of a resource: the chain of causes back to an API key, newest first."""
    with connected() as client:
        found = client.read(ANY.at(name, "why"), kind=kind, as_of=as_of)
    output.write(how, found, lambda: _drawn(found), [str(event["position"]) for event in found["chain"]])


def _drawn(found: Document) -> Table:
    drawn = Table(box=None, pad_edge=False, show_header=False)
    drawn.add_column(overflow="fold")
    first, *others = found["why"].split("; ")
    drawn.add_row(output.text(f"{found['kind'].replace('_', ' ')} {found['name']} {first}"))
    for clause in others:
        drawn.add_row(output.text(f"  {clause}"))
    return drawn
