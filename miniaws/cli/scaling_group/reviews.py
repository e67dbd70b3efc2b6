"""What a group decided, whether it would again, and what another policy would have done."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from miniaws.cli import moments, output
from miniaws.cli.connection import connected
from miniaws.cli.failures import REFUSED, USAGE, Failure
from miniaws.cli.narrowing import From, To
from miniaws.cli.noun import Column
from miniaws.cli.options import Name, Output
from miniaws.cli.scaling_group.noun import GROUP

AtMost = Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="The newest so many.")]
PolicyFile = Annotated[
    Path,
    typer.Option(
        "--policy",
        metavar="FILE",
        allow_dash=True,
        help="A policy as JSON, as the API takes it, or several by name.",
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add ``decisions``, ``replay`` and ``simulate``."""
    app.command("decisions")(decisions)
    app.command("replay")(replay)
    app.command("simulate")(simulate)


def _value(decision: dict[str, Any]) -> str | None:
    told = decision.get("evidence", {}).get("policies", {})
    values = [f"{name} {each['value']:g}" for name, each in told.items() if each["value"] is not None]
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
    """Show what the group decided and on which numbers, also why it did nothing when the reason changed."""
    with connected() as client:
        found = client.read(GROUP.at(name, "decisions"), **{"from": from_}, to=to, limit=limit)["items"]
    names = [str(each["position"]) for each in found]
    output.write(how, found, lambda: output.table(DECISIONS, found), names)
    if not found and how == "table":
        output.say("nothing was decided")


def replay(name: Name, from_: From = None, to: To = None, how: Output = "table") -> None:
    """Make the decisions again from the log alone; fails unless they come out the same."""
    with connected() as client:
        found = client.read(GROUP.at(name, "replay"), **{"from": from_}, to=to)
    items = found["items"]
    output.write(how, found, lambda: output.table(REPLAYED, items), [str(each["agrees"]) for each in items])
    if not found["agrees"]:
        raise Failure(f"the log of {name} leads to other decisions than were taken", REFUSED)
    output.say(f"{found['decisions']} decisions, all as they were taken", "green")


def simulate(
    name: Name, policy: PolicyFile, from_: From = None, to: To = None, how: Output = "table"
) -> None:
    """Run another policy over the recorded load and tell what would have differed. Changes nothing."""
    body = {"policies": _read(policy)}
    span = {key: value for key, value in (("from", from_), ("to", to)) if value is not None}
    with connected() as client:
        found = client.ask(GROUP.at(name, "simulate"), body, **span)
    output.write(how, found, lambda: _drawn(found), [str(found["simulated"]["instance_hours"])])
    if how == "table":
        output.say(f"assumed: {found['assumption']}")


def _read(file: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"cannot read {file}: {error}", USAGE) from None
    if not isinstance(found, dict):
        raise Failure(f"cannot use {file}: it holds no policy; see `cloud asg policy list -o json`", USAGE)
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
