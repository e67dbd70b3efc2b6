"""``cloud volume``: files that outlive the instance that writes them."""

from typing import Annotated

import typer

from miniaws.cli import output, reading, writing
from miniaws.cli.connection import connected
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, pairs


def _attached_to(document: Document) -> str | None:
    to = observed("attached_to")(document)
    return f"{to['name']}:{to['path']}" if to else None


def _snapshots(document: Document) -> str | None:
    """Return when snapshots are taken, and how many moments have just been missed."""
    policy, missed = document["spec"].get("snapshot_policy"), document["observed"].get("missed_snapshot")
    if policy is None:
        return None
    return f"{policy['schedule']} (missed {missed['count']})" if missed else policy["schedule"]


VOLUME = Noun(
    "volume",
    "/api/volumes",
    columns(
        Column("SIZE (GiB)", spec("size_gb")),
        Column("ATTACHED TO", _attached_to),
        Column("SNAPSHOTS", _snapshots),
    ),
)

app = typer.Typer(
    help="Files that outlive the instance that writes them.", no_args_is_help=True, add_completion=False
)

Size = Annotated[
    int | None,
    typer.Option("--size", metavar="GIB", min=1, help="A real limit. Default: what the disk holds."),
]
Cron = Annotated[str, typer.Option("--cron", metavar="CRON", help="When, in UTC. Default: daily at 3.")]
Days = Annotated[int, typer.Option("--retention-days", metavar="DAYS", min=1, help="How long they are kept.")]
Count = Annotated[
    int | None, typer.Option("--retention-count", metavar="N", min=1, help="At most so many, besides.")
]
Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="A stopped instance.", show_default=False)]
Path = Annotated[str, typer.Option(metavar="PATH", help="Where its program finds it, e.g. /data.")]


@app.command("create")
def create(
    name: writing.NewName,
    size: Size = None,
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a volume."""
    body = {"name": name, "size_gb": size, "tags": pairs(tag, "--tag")}
    writing.create(VOLUME, body, how, timeout if wait else 0)


@app.command("schedule")
def schedule(
    name: Name,
    cron: Cron = "0 3 * * *",
    retention_days: Days = 7,
    retention_count: Count = None,
    how: Output = "table",
) -> None:
    """Have snapshots of a volume taken by the clock, and dropped when their time is up."""
    body = {"schedule": cron, "retention_days": retention_days, "retention_count": retention_count}
    path = VOLUME.at(name, "snapshot-policy")
    writing.carry_out(writing.Change(VOLUME, f"scheduling snapshots of {name}", "PUT", path, body=body), how)


@app.command("unschedule")
def unschedule(name: Name, how: Output = "table") -> None:
    """Have no more snapshots taken by the clock; those there are stay."""
    path = VOLUME.at(name, "snapshot-policy")
    writing.carry_out(writing.Change(VOLUME, f"unscheduling snapshots of {name}", "DELETE", path), how)


@app.command("attach")
def attach(name: Name, instance: Instance, path: Path, how: Output = "table") -> None:
    """Attach a volume to a stopped instance."""
    body = {"instance": instance, "path": path}
    writing.carry_out(writing.Change(VOLUME, "attaching", "POST", VOLUME.at(name, "attach"), body=body), how)


@app.command("detach")
def detach(
    name: Name,
    instance: Annotated[str | None, typer.Argument(help="Default: the one it is attached to.")] = None,
    how: Output = "table",
) -> None:
    """Detach a volume from a stopped instance."""
    body = {"instance": instance or _holder(name)}
    writing.carry_out(writing.Change(VOLUME, "detaching", "POST", VOLUME.at(name, "detach"), body=body), how)


def _holder(name: str) -> str:
    with connected() as client:
        to = client.read(VOLUME.at(name))["observed"]["attached_to"]
    if to is None:
        raise Failure(f"cannot detach {output.text(name)}: it is not attached")
    return to["id"]


reading.add_reads(app, VOLUME)
writing.add_tag(app, VOLUME)
writing.add_end(app, VOLUME, "delete", "deleted", "its files are lost")
