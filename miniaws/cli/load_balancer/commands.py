"""The commands of ``cloud lb``."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from miniaws.cli import output, reading, writing
from miniaws.cli.connection import connected
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.load_balancer import groups, routes
from miniaws.cli.load_balancer import options as own
from miniaws.cli.load_balancer.noun import BALANCER, TARGET
from miniaws.cli.noun import Document
from miniaws.cli.options import AsOf, Name, Output, Tags, Timeout, Wait, pairs

app = typer.Typer(help="One address in front of many instances.", no_args_is_help=True, add_completion=False)

KnownAs = Annotated[str, typer.Argument(metavar="CERTIFICATE", help="What listeners call it.")]


@app.command("create")
def create(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: writing.NewName,
    listen: own.Listen = None,
    vpc: Annotated[str | None, typer.Option(metavar="VPC", help="Id or name. Default: default.")] = None,
    rule: own.Rules = None,
    group: own.Groups = None,
    algorithm: own.Algorithm = None,
    sticky: own.Sticky = None,
    check: own.Check = None,
    delay: own.Delay = None,
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a load balancer."""
    body = {
        "name": name,
        "vpc": vpc,
        "listeners": routes.listeners(listen, rule),
        "tags": pairs(tag, "--tag"),
        **own.group(algorithm, sticky, check, delay),
        **_groups(group),
    }
    writing.create(BALANCER, own.given(body), how, timeout if wait else 0)


@app.command("change")
def change(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: Name,
    listen: own.Listen = None,
    rule: own.Rules = None,
    group: own.Groups = None,
    algorithm: own.Algorithm = None,
    sticky: own.Sticky = None,
    check: own.Check = None,
    delay: own.Delay = None,
    how: Output = "table",
) -> None:
    """Change listeners (all of them are given anew) or the default target group."""
    if rule and not listen:
        raise Failure("cannot change rules alone: give every listener with `--listen`, too", USAGE)
    body = {**own.group(algorithm, sticky, check, delay), **_groups(group)}
    if listen:
        body["listeners"] = routes.listeners(listen, rule)
    if not (given := own.given(body)):
        raise Failure("cannot change nothing: see `cloud lb change --help`", USAGE)
    writing.modify(BALANCER, name, given, how)


@app.command("register")
def register(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: Name,
    instance: Annotated[str | None, typer.Argument(help="An instance, by id or name.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Its program's port.")] = 80,
    address: Annotated[str | None, typer.Option(metavar="IP", help="An address in the VPC instead.")] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="Every instance with these tags instead."),
    ] = None,
    weight: Annotated[int, typer.Option(min=0, max=256, metavar="N", help="Share of the requests.")] = 1,
    group: own.Group = None,
    how: Output = "table",
) -> None:
    """Register a target, or give it another weight."""
    body = {
        "instance": instance,
        "address": address,
        "tags": pairs(tag, "--tag") or None,
        "port": port,
        "weight": weight,
        "target_group": group,
    }
    path = BALANCER.at(name, "targets")
    writing.carry_out(writing.Change(BALANCER, "registering", "POST", path, body=own.given(body)), how)


@app.command("deregister")
def deregister(
    name: Name,
    target: Annotated[str, typer.Argument(help="An instance, an address, a selector, or the target's id.")],
    group: own.Group = None,
    how: Output = "table",
) -> None:
    """Take a target out; it drains first."""
    path = f"{BALANCER.at(name, 'targets')}/{quote(target, safe='')}" + (
        f"?target_group={quote(group)}" if group else ""
    )
    writing.carry_out(writing.Change(BALANCER, "deregistering", "DELETE", path), how)


@app.command("targets")
def targets(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """Show how the targets are, now or as of any moment."""
    with connected() as client:
        found: list[Document] = client.read(BALANCER.at(name, "targets"), as_of=as_of)["targets"]
    output.show_list(TARGET, found, how)
    if not found and how == "table":
        output.say(f"{name} has no target")


@app.command("certificate")
def certificate(
    name: Name,
    known_as: KnownAs,
    certificate: own.Pem,
    private_key: own.Pem,
    how: Output = "table",
) -> None:
    """Upload a certificate for https, or replace it. Its key is kept sealed."""
    body = {"certificate": _read(certificate), "private_key": _read(private_key)}
    change = writing.Change(BALANCER, "uploading", "PUT", _certificate(name, known_as), body=body)
    writing.carry_out(change, how)


@app.command("remove-certificate")
def remove_certificate(name: Name, known_as: KnownAs, how: Output = "table") -> None:
    """Remove a certificate that no listener uses, and its key."""
    writing.carry_out(writing.Change(BALANCER, "removing", "DELETE", _certificate(name, known_as)), how)


def _certificate(name: str, known_as: str) -> str:
    return f"{BALANCER.at(name, 'certificates')}/{quote(known_as, safe='')}"


def _groups(names: list[str] | None) -> dict[str, Any]:
    return {"target_groups": [{"name": each} for each in names]} if names else {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise Failure(f"cannot read {path}: it is no file in PEM", USAGE) from None


app.add_typer(groups.app, name="group")
reading.add_reads(app, BALANCER)
writing.add_tag(app, BALANCER)
writing.add_end(app, BALANCER, "delete", "deleted", "its listeners close at once")
