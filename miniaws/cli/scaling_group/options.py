"""The options of ``cloud asg``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from miniaws.cli import launching

_Health = Literal["container", "load-balancer"]
_Order = Literal["oldest", "newest", "oldest-template"]

MaybeImage = Annotated[str | None, typer.Option("--image", metavar="IMAGE", help="Another image.")]
MaybeType = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Another type.")]
Least = Annotated[int, typer.Option("--min", metavar="N", min=0, help="Never fewer instances.")]
MaybeLeast = Annotated[int | None, typer.Option("--min", metavar="N", min=0, help="Never fewer instances.")]
Desired = Annotated[
    int | None, typer.Option("--desired", metavar="N", min=0, help="So many now. Default: as few as may be.")
]
Most = Annotated[
    int | None, typer.Option("--max", metavar="N", min=0, help="Never more instances. Default: as desired.")
]
Balancers = Annotated[
    list[str] | None,
    typer.Option(
        "--load-balancer",
        metavar="NAME:PORT[:GROUP[:WEIGHT]]",
        help="It sends requests to this port of each instance. Repeat. Empty: none.",
    ),
]
Vpc = Annotated[str, typer.Option(metavar="VPC", help="The network its instances join.")]
TemplateTags = Annotated[
    list[str] | None,
    typer.Option("--template-tag", metavar="KEY=VALUE", help="A tag of every instance. Repeat for more."),
]
Restart = Annotated[
    Literal["always", "on-failure", "never"], typer.Option(help="What to do when a program ends by itself.")
]
HealthCheck = Annotated[
    _Health | None, typer.Option("--health-check", help="Who says that an instance is healthy.")
]
Grace = Annotated[
    int | None,
    typer.Option(
        "--grace", metavar="SECONDS", min=0, help="How long an instance has to be healthy. Default: 60."
    ),
]
ReplacePercent = Annotated[
    int | None,
    typer.Option(
        "--replace-percent",
        metavar="N",
        min=1,
        max=100,
        help="At most so many are replaced at once. Default: 20.",
    ),
]
TerminationPolicy = Annotated[
    _Order | None,
    typer.Option("--termination-policy", help="Which one goes first. Default: oldest-template."),
]
RollBack = Annotated[
    bool, typer.Option("--roll-back/--no-roll-back", help="When a new instance fails, go back.")
]
Processes = Annotated[
    list[str] | None,
    typer.Option(
        "--process",
        metavar="PROCESS",
        help="launch, terminate, health, scaling or schedules. Repeat. Default: all of it.",
    ),
]
Instance = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="One of its instances.", show_default=False)
]


def balancers(given: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return load balancers and the ports on which instances answer."""
    found: list[dict[str, Any]] = []
    for each in filter(None, given or ()):
        name, port, group, weight, *more = [*each.split(":"), "", "", ""]
        if (
            not name
            or any(more)
            or not all(word.isascii() and word.isdecimal() for word in (port, weight or "1"))
        ):
            raise typer.BadParameter(
                f"cannot read {each!r}: write it as NAME:PORT, e.g. web:8080", param_hint="--load-balancer"
            )
        rest = {"target_group": group or None, "weight": int(weight) if weight else None}
        given_rest = {key: value for key, value in rest.items() if value is not None}
        found.append({"load_balancer": name, "port": int(port), **given_rest})
    return found


def rules(
    health_check: str | None, grace: int | None, replace_percent: int | None, termination_policy: str | None
) -> dict[str, Any]:
    """Return the rules that were given."""
    given = {
        "health_check": health_check,
        "health_check_grace_s": grace,
        "replace_percent": replace_percent,
        "termination_policy": termination_policy,
    }
    return {name: value for name, value in given.items() if value is not None}


def template(
    image: str | None,
    type_: str | None,
    env: Sequence[str] | None,
    env_file: Sequence[Path] | None,
    program: Sequence[str],
) -> dict[str, Any]:
    """Return what of a template was given."""
    given = {
        "image": image,
        "type": type_,
        "env": launching.environment(env, env_file) if env or env_file else None,
        "command": list(program) or None,
    }
    return {name: value for name, value in given.items() if value is not None}
