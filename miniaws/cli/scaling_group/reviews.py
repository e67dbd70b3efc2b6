"""Scaling decisions of a group: listed, replayed, and simulated with another policy."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from miniaws.cli import moments, output
from miniaws.cli.connection import connected
from miniaws.cli.failures import REFUSED, USAGE, Failure
from miniaws.cli.filters import From, To
from miniaws.cli.noun import Column
from miniaws.cli.options import TABLES, Name, Output
from miniaws.cli.scaling_group.noun import GROUP

AtMost = Annotated[
    int,
    typer.Option(
        "--limit", min=1, max=1000, metavar="N", help="Maximum number of decisions, the newest first."
    ),
]
PolicyFile = Annotated[
    Path,
    typer.Option(
        "--policy",
        metavar="FILE",
        allow_dash=True,
        help="A policy as JSON, as for the API, or several by name; - reads stdin.",
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add ``decisions``, ``replay`` and ``simulate``."""
    app.command("decisions")(decisions)
    app.command("replay")(replay)
    app.command("simulate")(simulate)


def _value(decision: dict[str, Any]) -> str | None:
    policies = decision.get("evidence", {}).get("policies", {})
    values = [f"{name} {each['value']:g}" for name, each in policies.items() if each["value"] is not None]
    return ", ".join(values) or None


DECISIONS = (
    Column("POSITION", lambda each: each["position"]),
    Column("TIME", lambda each: moments.local(each["at"])),
    Column("ACTION", lambda each: each["action"]),
    Column("DESIRED", lambda each: f"{each.get('desired_before', '')}->{each['desired']}"),
    Column("POLICY", lambda each: each["policy"]),
    Column("MEASURED", _value),
    Column("REASON", lambda each: each["reason"]),
)
REPLAYED = (
    Column("TIME", lambda each: moments.local(each["at"])),
    Column("AGREES", lambda each: each["agrees"]),
    Column("TAKEN", lambda each: _short(each["taken"])),
    Column("AGAIN", lambda each: _short(each["again"])),
)


def decisions(
    name: Name, from_: From = None, to: To = None, limit: AtMost = 100, how: Output = "table"
) -> None:
    """Show the decisions of a group with their measurements, including changed reasons for no action."""
    with connected() as client:
        found = client.read(GROUP.at(name, "decisions"), **{"from": from_}, to=to, limit=limit)["items"]
    names = [str(each["position"]) for each in found]
    output.write(how, found, lambda: output.table(DECISIONS, found), names)
    if not found and how in TABLES:
        output.say("there are no decisions")


def replay(name: Name, from_: From = None, to: To = None, how: Output = "table") -> None:
    """Recompute the decisions from the log, and fail unless they are the same."""
    with connected() as client:
        found = client.read(GROUP.at(name, "replay"), **{"from": from_}, to=to)
    items = found["items"]
    output.write(how, found, lambda: output.table(REPLAYED, items), [str(each["agrees"]) for each in items])
    if not found["agrees"]:
        raise Failure(
            f"the decisions recomputed from the log of {name} differ from those that were taken", REFUSED
        )
    output.say(f"{found['decisions']} decisions, all the same as taken", "green")


def simulate(
    name: Name, policy: PolicyFile, from_: From = None, to: To = None, how: Output = "table"
) -> None:
    """Simulate another policy on the recorded load, and show the differences. Changes nothing."""
    body = {"policies": _read(policy)}
    span = {key: value for key, value in (("from", from_), ("to", to)) if value is not None}
    with connected() as client:
        found = client.ask(GROUP.at(name, "simulate"), body, **span)
    output.write(how, found, lambda: _drawn(found), [str(found["simulated"]["instance_hours"])])
    if how in TABLES:
        output.say(f"assumed: {found['assumption']}")


def _read(file: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"cannot read {file}: {error}", USAGE) from None
    if not isinstance(found, dict):
        raise Failure(f"cannot use {file}: it contains no policy; see `cloud asg policy list -o json`", USAGE)
    policy: dict[str, Any] = found
    return {"simulated": policy} if "type" in policy else policy


def _drawn(found: dict[str, Any]) -> Table:
    rows = [{"what": what, **found[what]} for what in ("recorded", "simulated")]
    columns = (
        Column("", lambda row: row["what"]),
        Column("INSTANCE HOURS", lambda row: f"{row['instance_hours']:.4f}"),
        Column("SECONDS ABOVE TARGET", lambda row: row["over_target_s"]),
        Column("MOST INSTANCES", lambda row: row["most_instances"]),
    )
    return output.table(columns, rows)


def _short(decision: dict[str, Any]) -> str:
    return f"{decision['action']} {decision['desired_before']}->{decision['desired']}: {decision['reason']}"
