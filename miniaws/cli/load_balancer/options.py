"""The options of ``cloud lb``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from miniaws.cli.load_balancer import routes

Listen = Annotated[
    list[str] | None,
    typer.Option(
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
Algorithm = Annotated[
    str | None, typer.Option(metavar="NAME", help="round-robin, least-connections or source.")
]
Sticky = Annotated[bool | None, typer.Option("--sticky/--no-sticky", help="A cookie brings a client back.")]
Check = Annotated[
    str | None, typer.Option(metavar="CHECK", help="http:/health,interval=5,timeout=2,rise=2,fall=3, or tcp.")
]
Delay = Annotated[int | None, typer.Option("--delay", metavar="SECONDS", min=0, help="Longest draining.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", metavar="NAME", help="A further target group. Repeat for more.")
]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Target group. Default: default.")]
Pem = Annotated[Path, typer.Option(metavar="FILE", help="In PEM.", show_default=False)]


def group(
    algorithm: str | None,
    sticky: bool | None,  # noqa: FBT001 - as the option gives it
    check: str | None,
    delay: int | None,
) -> dict[str, Any]:
    """Return what was said of a target group."""
    return {
        "algorithm": algorithm,
        "sticky": sticky,
        "health_check": routes.check(check),
        "deregistration_delay_s": delay,
    }


def given(body: dict[str, Any]) -> dict[str, Any]:
    """Return what is not left out."""
    return {key: value for key, value in body.items() if value is not None}
