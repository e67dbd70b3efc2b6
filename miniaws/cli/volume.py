"""``cloud volume``."""

from typing import Annotated

import typer

from miniaws.cli import output, reading, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec
from miniaws.cli.options import Name
from miniaws.cli.parameters import command


def _attached_to(document: Document) -> str | None:
    to = observed("attached_to")(document)
    return f"{to['name']}:{to['path']}" if to else None


def _snapshots(document: Document) -> str | None:
    """Return the snapshot schedule, and the number of moments that were just missed."""
    policy, missed = document["spec"].get("snapshot_policy"), document["observed"].get("missed_snapshot")
    if policy is None:
        return None
    return f"{policy['schedule']} (missed {missed['count']})" if missed else policy["schedule"]


VOLUME = Noun(
    "volume",
    "volume",
    "/api/volumes",
    columns(
        Column("SIZE (GiB)", spec("size_gb")),
        Column("ATTACHED TO", _attached_to),
        Column("SNAPSHOTS", _snapshots),
    ),
    optional=("ID", "AGE", "SNAPSHOTS", "SIZE (GiB)", "ATTACHED TO"),
)

app = registry.group("volume")

writing.add_create(
    app,
    VOLUME,
    "CreateVolume",
    {
        "snapshot_policy.schedule": Option("--cron --schedule", metavar="CRON", is_unset=True),
        "snapshot_policy.retention_days": Option(is_unset=True),
    },
    text="Create a volume.",
)

Instance = Annotated[str | None, typer.Argument(help="Default: the instance that the volume is attached to.")]
Attachment = Annotated[
    Document,
    Body("AttachVolume", {"instance": Option(is_argument=True, help="A stopped instance, by id or name.")}),
]
Schedule = Annotated[
    Document, Body("SnapshotSchedule", {"schedule": Option("--cron --schedule", metavar="CRON")})
]


@command(app, "schedule")
def schedule(name: Name, body: Schedule, result: writing.Shown) -> None:
    """Take snapshots of a volume on a schedule, and delete them after their retention time."""
    path = VOLUME.at(name, "snapshot-policy")
    writing.carry_out(
        writing.Change(VOLUME, f"scheduling snapshots of {name}", "PUT", path, body=body), result
    )


@command(app, "unschedule")
def unschedule(name: Name, result: writing.Shown) -> None:
    """Stop taking scheduled snapshots; existing snapshots are kept."""
    path = VOLUME.at(name, "snapshot-policy")
    writing.carry_out(writing.Change(VOLUME, f"unscheduling snapshots of {name}", "DELETE", path), result)


@command(app, "attach")
def attach(name: Name, body: Attachment, result: writing.Shown) -> None:
    """Attach a volume to a stopped instance."""
    change = writing.Change(VOLUME, "attaching", "POST", VOLUME.at(name, "attach"), body=body)
    writing.carry_out(change, result)


@command(app, "detach")
def detach(name: Name, result: writing.Shown, instance: Instance = None) -> None:
    """Detach a volume from a stopped instance."""
    body = {"instance": instance or _holder(name)}
    change = writing.Change(VOLUME, "detaching", "POST", VOLUME.at(name, "detach"), body=body)
    writing.carry_out(change, result)


def _holder(name: str) -> str:
    with connected() as client:
        to = client.read(VOLUME.at(name))["observed"]["attached_to"]
    if to is None:
        raise Failure(f"cannot detach {output.text(name)}: it is not attached")
    return to["id"]


reading.add_reads(app, VOLUME)
writing.add_tag(app, VOLUME)
writing.add_trash(app, VOLUME, "delete")
