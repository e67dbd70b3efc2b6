"""``cloud asg policy``: by what a group scales."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from domain.scaling_group.metric import METRICS
from miniaws.cli import output, writing
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column
from miniaws.cli.options import Name, Output
from miniaws.cli.scaling_group.noun import GROUP

app = typer.Typer(help="By what a group scales.", no_args_is_help=True, add_completion=False)

ScaleIn = Annotated[bool, typer.Option("--scale-in/--no-scale-in", help="Whether it may give instances up.")]
PolicyName = Annotated[str, typer.Argument(metavar="POLICY", help="Its name.", show_default=False)]
Metric = Annotated[
    Literal["cpu", "memory", "requests"],
    typer.Option(help="Averaged over the instances: percent of what the type grants, or requests a second."),
]
Warmup = Annotated[
    int,
    typer.Option("--warmup", metavar="SECONDS", min=0, help="For so long a new instance is not measured."),
]
Cooldown = Annotated[
    int,
    typer.Option("--cooldown", metavar="SECONDS", min=0, help="For so long after scaling none is given up."),
]
Period = Annotated[
    int, typer.Option("--period", metavar="SECONDS", min=1, max=300, help="Over so long is averaged.")
]
PeriodsOut = Annotated[
    int, typer.Option("--periods-out", metavar="N", min=1, max=60, help="So many periods before it grows.")
]
PeriodsIn = Annotated[
    int, typer.Option("--periods-in", metavar="N", min=1, max=60, help="So many periods before it shrinks.")
]


@app.command("track")
def track(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    policy: PolicyName,
    target: Annotated[float, typer.Option(metavar="N", help="What the average is kept at.")],
    metric: Metric = "cpu",
    warmup: Warmup = 60,
    cooldown: Cooldown = 300,
    period: Period = 60,
    periods_out: PeriodsOut = 3,
    periods_in: PeriodsIn = 15,
    scale_in: ScaleIn = True,  # noqa: FBT002
    how: Output = "table",
) -> None:
    """Keep the average of a metric at a target."""
    body = {"type": "target-tracking", "metric": metric, "target": target, "scale_in": scale_in}
    _put(name, policy, {**body, **_pace(warmup, cooldown, period, periods_out, periods_in)}, how)


@app.command("step")
def step(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    policy: PolicyName,
    steps: Annotated[
        list[str],
        typer.Option(
            "--step", metavar="FROM:TO:CHANGE", help="E.g. 60:80:+1 and 80::+2, or :20:-1. Repeat for more."
        ),
    ],
    metric: Metric = "cpu",
    adjust: Annotated[
        Literal["instances", "percent", "exactly"], typer.Option(help="What the change counts.")
    ] = "instances",
    warmup: Warmup = 60,
    cooldown: Cooldown = 300,
    period: Period = 60,
    periods_out: PeriodsOut = 3,
    periods_in: PeriodsIn = 15,
    how: Output = "table",
) -> None:
    """Change the size by how far a metric is off."""
    body = {"type": "step", "metric": metric, "adjustment": adjust, "steps": [_step(s) for s in steps]}
    _put(name, policy, {**body, **_pace(warmup, cooldown, period, periods_out, periods_in)}, how)


@app.command("schedule")
def schedule(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    policy: PolicyName,
    cron: Annotated[str, typer.Option(metavar="CRON", help="Five fields, minute first: `0 8 * * 1-5`.")],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="E.g. Europe/Berlin.")] = "UTC",
    least: Annotated[int | None, typer.Option("--min", metavar="N", min=0)] = None,
    desired: Annotated[int | None, typer.Option("--desired", metavar="N", min=0)] = None,
    most: Annotated[int | None, typer.Option("--max", metavar="N", min=0)] = None,
    how: Output = "table",
) -> None:
    """Set sizes at times."""
    sizes = {"min": least, "desired": desired, "max": most}
    _put(name, policy, {"type": "scheduled", "cron": cron, "timezone": timezone, **sizes}, how)


@app.command("remove")
def remove(name: Name, policy: PolicyName, how: Output = "table") -> None:
    """Remove a policy."""
    change = writing.Change(GROUP, f"removing {policy}", "DELETE", _path(name, policy))
    writing.carry_out(change, how)


@app.command("list")
def list_(name: Name, how: Output = "table") -> None:
    """List the policies of a group."""
    with connected() as client:
        policies: dict[str, Any] = client.read(GROUP.at(name))["spec"]["policies"]
    rows = [{"name": key, **each} for key, each in policies.items()]
    columns = (
        Column("NAME", lambda row: row["name"]),
        Column("TYPE", lambda row: row["type"]),
        Column("SAYS", _says),
    )
    output.write(how, rows, lambda: output.table(columns, rows), list(policies))


def _says(row: dict[str, Any]) -> str:
    match row["type"]:
        case "target-tracking":
            return f"{row['metric']} at {METRICS[row['metric']].shown(row['target'])}"
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


def _put(name: str, policy: str, body: dict[str, Any], how: Any) -> None:
    change = writing.Change(GROUP, f"giving {name} a policy", "PUT", _path(name, policy), body=body)
    writing.carry_out(change, how)


def _pace(warmup: int, cooldown: int, period: int, periods_out: int, periods_in: int) -> dict[str, Any]:
    return {
        "warmup_s": warmup,
        "cooldown_s": cooldown,
        "period_s": period,
        "periods_out": periods_out,
        "periods_in": periods_in,
    }


def _step(text: str) -> dict[str, Any]:
    try:
        lower, upper, change = text.split(":")
        return {
            "from": float(lower) if lower else None,
            "to": float(upper) if upper else None,
            "change": int(change),
        }
    except ValueError:
        raise typer.BadParameter(
            f"cannot read {text!r}: write it as FROM:TO:CHANGE, e.g. 60:80:+1, 80::+2 or :20:-1",
            param_hint="--step",
        ) from None
