"""The commands of ``cloud lb``."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from miniaws.cli import output, reading, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.load_balancer import groups
from miniaws.cli.load_balancer import options as own
from miniaws.cli.load_balancer.noun import BALANCER, TARGET
from miniaws.cli.noun import Document
from miniaws.cli.options import TABLES, AsOf, Name, Output
from miniaws.cli.parameters import command

app = registry.group("lb")

Certificate = Annotated[
    str, typer.Argument(metavar="CERTIFICATE", help="The name that listeners use for it.")
]
Target = Annotated[str, typer.Argument(help="An instance, an address, a selector, or the id of the target.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Target group. Default: default.")]
Changed = Annotated[Document, Body("ChangeLoadBalancer", own.BALANCER, without=own.WITHOUT)]
Registered = Annotated[
    Document,
    Body(
        "RegisterTarget",
        {
            "instance": Option(is_argument=True),
            "port": Option(metavar="PORT", default=80),
            "address": Option(metavar="IP"),
            "target_group": Option("--group", metavar="NAME"),
        },
    ),
]

writing.add_create(
    app,
    BALANCER,
    "CreateLoadBalancer",
    own.BALANCER,
    text="Create a load balancer.",
    without=("timeouts", "certificates", "targets"),
    timeout_s=writing.CREATION_TIMEOUT_S,
)


@command(app, "change")
def change(name: Name, body: Changed, result: writing.Shown) -> None:
    """Change listeners, security groups or the default target group. `--listen` and `--rule` replace all listeners."""
    writing.modify(BALANCER, name, body, result)


@command(app, "register")
def register(name: Name, body: Registered, result: writing.Shown) -> None:
    """Register a target, or change its weight."""
    writing.carry_out(
        writing.Change(BALANCER, "registering", "POST", BALANCER.at(name, "targets"), body=body), result
    )


@command(app, "deregister")
def deregister(name: Name, target: Target, result: writing.Shown, group: Group = None) -> None:
    """Deregister a target after draining its connections."""
    path = f"{BALANCER.at(name, 'targets')}/{quote(target, safe='')}" + (
        f"?target_group={quote(group)}" if group else ""
    )
    writing.carry_out(writing.Change(BALANCER, "deregistering", "DELETE", path), result)


@app.command("targets")
def targets(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """Show the targets and their health, now or as of any moment."""
    with connected() as client:
        found: list[Document] = client.read(BALANCER.at(name, "targets"), as_of=as_of)["targets"]
    output.show_list(TARGET, found, how)
    if not found and how in TABLES:
        output.say(f"{name} has no target")


@command(app, "certificate")
def certificate(
    name: Name, known_as: Certificate, certificate: own.Pem, private_key: own.Pem, result: writing.Shown
) -> None:
    """Upload or replace a certificate for https. Its private key is stored encrypted."""
    body = {"certificate": _read(certificate), "private_key": _read(private_key)}
    change = writing.Change(BALANCER, "uploading", "PUT", _certificate(name, known_as), body=body)
    writing.carry_out(change, result)


@command(app, "remove-certificate")
def remove_certificate(name: Name, known_as: Certificate, result: writing.Shown) -> None:
    """Remove a certificate that no listener uses, and its private key."""
    writing.carry_out(writing.Change(BALANCER, "removing", "DELETE", _certificate(name, known_as)), result)


def _certificate(name: str, known_as: str) -> str:
    return f"{BALANCER.at(name, 'certificates')}/{quote(known_as, safe='')}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise Failure(f"cannot read {path}: it is not a PEM file", USAGE) from None


app.add_typer(groups.app, name="group")
reading.add_reads(app, BALANCER)
writing.add_tag(app, BALANCER)
writing.add_end(app, BALANCER, "delete", "deleted", "its listeners close at once")
