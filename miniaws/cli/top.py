"""``cloud top``: what resources use at present."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miniaws.cli import moments, output
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Output

if TYPE_CHECKING:
    from miniaws.cli.client import Client

_INTERVAL_S = 2.0
_SPAN = "15s ago"
"""A resource without a measurement since then is not shown."""

Once = Annotated[bool, typer.Option("--once", help="Show it once. Default without a terminal.")]


def top(how: Output = "table", *, once: Once = False) -> None:
    """Show the CPU, memory and network usage of resources, the busiest first, until interrupted with Ctrl-C."""
    with connected(None) as client:
        if once or how != "table" or not output.is_terminal():
            rows = _read(client)
            output.write(how, rows, lambda: output.table(_COLUMNS, rows), [row["name"] for row in rows])
            if not rows:
                output.say("nothing is measured at the moment: is an instance running?")
            return
        output.redraw(output.table(_COLUMNS, rows) for rows in _repeated(client))


def _repeated(client: "Client") -> Iterator[list[Document]]:
    while True:
        yield _read(client)
        time.sleep(_INTERVAL_S)  # noqa: TID251 - the interval of the display


def _read(client: "Client") -> list[Document]:
    """Return the newest measurement of each resource, the one with the most CPU first."""
    found = client.read("/api/dashboard/stats", **{"from": moments.past(_SPAN)})
    rows = [
        {
            "id": each["id"],
            "kind": each["kind"],
            "name": each["name"],
            **{metric: _newest(each[metric]) for metric in found["units"]},
        }
        for each in found["resources"]
    ]
    measured = [row for row in rows if row["cpu_percent"] is not None or row["memory_bytes"] is not None]
    return sorted(measured, key=lambda row: (-(row["cpu_percent"] or 0), row["name"]))


def _newest(values: list[float | None]) -> float | None:
    return next((each for each in reversed(values) if each is not None), None)


def _number(metric: str, divisor: int = 1, digits: int = 1) -> Callable[[Document], Any]:
    def cell(row: Document) -> str | None:
        value = row[metric]
        return None if value is None else f"{value / divisor:.{digits}f}"

    return cell


_COLUMNS = (
    Column("NAME", lambda row: row["name"]),
    Column("KIND", lambda row: row["kind"]),
    Column("CPU %", _number("cpu_percent")),
    Column("MEMORY %", _number("memory_percent")),
    Column("MEMORY (MiB)", _number("memory_bytes", 2**20)),
    Column("IN (KiB/s)", _number("network_rx_bytes_per_s", 2**10)),
    Column("OUT (KiB/s)", _number("network_tx_bytes_per_s", 2**10)),
)
