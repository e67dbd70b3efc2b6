"""``cloud asg policy``."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from miniaws.cli import output, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Name, Output
from miniaws.cli.parameters import command
from miniaws.cli.scaling_group.noun import GROUP

app = typer.Typer(help="Manage the scaling policies of a group.", no_args_is_help=True, add_completion=False)

PolicyName = Annotated[str, typer.Argument(metavar="POLICY", help="Name of the policy.", show_default=False)]
_METRIC = Option(
    choices=("cpu", "memory", "requests"),
    default="cpu",
    help="Averaged over the instances: percent of the limits of the type, or requests per second.",
)


def _steps(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [_step(text) for text in texts]


Tracking = Annotated[Document, Body("TargetTrackingPolicy", {"metric": _METRIC})]
Stepping = Annotated[
    Document,
    Body(
        "StepPolicy",
        {
            "metric": _METRIC,
            "adjustment": Option("--adjust"),
            "steps": Option(
                "--step",
                metavar="FROM:TO:CHANGE",
                parse=_steps,
                help="E.g. 60:80:+1 and 80::+2, or :20:-1.",
            ),
        },
    ),
]
Scheduled = Annotated[
    Document,
    Body("ScheduledPolicy", {"cron": Option("--cron --schedule"), "timezone": Option(metavar="ZONE")}),
]
_UNITS = {"cpu": "%", "memory": "%", "requests": "req/s"}


@command(app, "track")
def track(name: Name, policy: PolicyName, body: Tracking, result: writing.Shown) -> None:
    """Keep the average of a metric at a target."""
    _put(name, policy, body, result)


@command(app, "step")
def step(name: Name, policy: PolicyName, body: Stepping, result: writing.Shown) -> None:
    """Change the size in steps, depending on the value of a metric."""
    _put(name, policy, body, result)


@command(app, "schedule")
def schedule(name: Name, policy: PolicyName, body: Scheduled, result: writing.Shown) -> None:
    """Change sizes on a schedule."""
    _put(name, policy, body, result)


@command(app, "remove")
def remove(name: Name, policy: PolicyName, result: writing.Shown) -> None:
    """Remove a policy."""
    change = writing.Change(GROUP, f"removing {policy}", "DELETE", _path(name, policy))
    writing.carry_out(change, result)


@app.command("list")
def list_(name: Name, how: Output = "table") -> None:
    """List the policies of a group."""
    with connected() as client:
        policies: dict[str, Any] = client.read(GROUP.at(name))["spec"]["policies"]
    rows = [{"name": key, **each} for key, each in policies.items()]
    columns = (
        Column("NAME", lambda row: row["name"]),
        Column("TYPE", lambda row: row["type"]),
        Column("RULE", _rule),
    )
    output.write(how, rows, lambda: output.table(columns, rows), list(policies))


def _rule(row: dict[str, Any]) -> str:
    match row["type"]:
        case "target-tracking":
            return f"{row['metric']} at {row['target']:g} {_UNITS[row['metric']]}"
        case "step":
            steps = [f"{_bound(s['from'])}:{_bound(s['to'])}:{s['change']:+}" for s in row["steps"]]
            return f"{row['metric']} by {row['adjustment']}: {', '.join(steps)}"
        case _:
            sizes = [f"{size} {row[size]}" for size in ("min", "desired", "max") if row[size] is not None]
            return f"{row['cron']} ({row['timezone']}): {', '.join(sizes)}"


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _path(name: str, policy: str) -> str:
    return f"{GROUP.at(name, 'policies')}/{quote(policy, safe='')}"


def _put(name: str, policy: str, body: Document, result: writing.Result) -> None:
    change = writing.Change(GROUP, f"setting a policy of {name}", "PUT", _path(name, policy), body=body)
    writing.carry_out(change, result)


def _step(text: str) -> dict[str, Any]:
    try:
        lower, upper, change = text.split(":")
        return {
            "from": float(lower) if lower else None,
            "to": float(upper) if upper else None,
            "change": int(change),
        }
    except ValueError:
        raise ValueError(f"must be FROM:TO:CHANGE, e.g. 60:80:+1, 80::+2 or :20:-1; not {text!r}") from None
