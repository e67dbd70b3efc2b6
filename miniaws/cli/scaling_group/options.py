"""The options of ``cloud asg``."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from miniaws.cli import launching
from miniaws.cli.bodies import Option

Instance = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="An instance of the group.", show_default=False)
]


def _balancers(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return load balancers and the ports on which instances answer; an empty text stands for none."""
    found: list[dict[str, Any]] = []
    for each in filter(None, texts):
        name, port, group, weight, *more = [*each.split(":"), "", "", ""]
        numbers = (port, weight or "1")
        if not name or any(more) or not all(text.isascii() and text.isdecimal() for text in numbers):
            raise ValueError(f"must be NAME:PORT, e.g. web:8080; not {each!r}")
        rest = {"target_group": group or None, "weight": int(weight) if weight else None}
        found.append(
            {"load_balancer": name, "port": int(port)}
            | {key: each for key, each in rest.items() if each is not None}
        )
    return found


RULES = {
    "health_check_grace_s": Option("--grace"),
    "load_balancers": Option(
        "--load-balancer",
        metavar="NAME:PORT[:GROUP[:WEIGHT]]",
        parse=_balancers,
        help="A load balancer that sends requests to this port of each instance. Empty: none.",
    ),
}
GROUP = {**RULES, **launching.TEMPLATE}
