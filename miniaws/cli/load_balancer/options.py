"""The options of ``cloud lb``."""

from pathlib import Path
from typing import Annotated

import typer

from miniaws.cli.bodies import Option
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.load_balancer import routes
from miniaws.cli.noun import Document

Listen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen",
        "--listener",
        metavar="[PROTOCOL:]PORT",
        help="8081, tcp:5432, https:8443:CERTIFICATE, http:8082:=GROUP. Repeat for more.",
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="PORT,CONDITIONS,group=NAME", help="8081,path=/api/*,group=api. Repeat for more."
    ),
]
Pem = Annotated[Path, typer.Option(metavar="FILE", help="A file in PEM format.", show_default=False)]


def listeners(*, listen: Listen = None, rule: Rules = None) -> list[Document] | None:
    """Return the listeners with their rules, or None if none is given."""
    if rule and not listen:
        raise Failure("cannot set rules alone: give every listener with `--listen`, too", USAGE)
    return routes.listeners(listen, rule) if listen else None


def _named(groups: list[str]) -> list[Document]:
    return [{"name": each} for each in groups]


GROUP = {
    "health_check": Option(
        "--check",
        metavar="CHECK",
        parse=routes.check,
        help="http:/health,interval=5,timeout=2,rise=2,fall=3, or tcp.",
    ),
    "sticky": Option("--sticky/--no-sticky"),
    "deregistration_delay_s": Option("--delay", minimum=0),
    "max_connections": Option(minimum=1),
}
BALANCER = {
    **GROUP,
    "listeners": listeners,
    "target_groups": Option("--group", metavar="NAME", parse=_named, help="An additional target group."),
}
WITHOUT = ("tags", "timeouts")
"""Tags are changed by ``cloud lb tag``; timeouts have no options."""
