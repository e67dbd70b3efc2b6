"""``cloud snapshot``: volumes as they were at one moment."""

from typing import Annotated, Any

import typer

from miniaws.cli import output, reading, writing
from miniaws.cli.connection import connected
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.noun import Column, Document, Noun, columns, observed
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, pairs
from miniaws.cli.volume import VOLUME


def _volumes(document: Document) -> str:
    if document["spec"]["all"]:
        return f"all {len(document['spec']['volumes'])}"
    return ", ".join(volume["name"] for volume in document["spec"]["volumes"])


def _size(document: Document) -> str | None:
    size = document["observed"]["bytes"]
    return None if size is None else f"{size / 2**20:.1f}"


def _pause(document: Document) -> str | None:
    pause = document["observed"]["pause_ms"]
    return None if pause is None else f"{pause} ms"


SNAPSHOT = Noun(
    "snapshot",
    "/api/snapshots",
    columns(
        Column("VOLUME", _volumes),
        Column("SIZE (MiB)", _size),
        Column("PAUSE", _pause),
        Column("AT", lambda document: document["spec"]["target"] or "here"),
        Column("VERIFIED", observed("verified_at")),
    ),
)

TARGET = Noun(
    "target",
    "/api/copy-targets",
    (Column("NAME", lambda target: target["name"]), Column("KIND", lambda target: target["kind"])),
)

app = typer.Typer(help="Volumes as they were at one moment.", no_args_is_help=True, add_completion=False)

Volume = Annotated[str | None, typer.Argument(metavar="VOLUME", help="A volume, in use or not.")]
All = Annotated[bool, typer.Option("--all", help="Every volume of the account, at one moment.")]
New = Annotated[str, typer.Argument(metavar="NEW", help="Name of the new volume.", show_default=False)]
Part = Annotated[
    str | None, typer.Option("--volume", metavar="VOLUME", help="Which one, of a snapshot of several.")
]
To = Annotated[
    str, typer.Option("--to", metavar="TARGET", help="Which place; see `targets`.", show_default=False)
]
As = Annotated[
    str | None, typer.Option("--as", metavar="NEW", help="Default: the snapshot's name and the target's.")
]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="GIB", min=1, help="Default: that of the volume it was taken of."),
]


@app.command("create")
def create(
    name: writing.NewName,
    volume: Volume = None,
    every: All = False,  # noqa: FBT002
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Take a snapshot of a volume, or of all volumes."""
    if (volume is None) != every:
        raise Failure("cannot tell what to take a snapshot of: give either a volume or `--all`", USAGE)
    body: dict[str, Any] = {"name": name, "tags": pairs(tag, "--tag")}
    body |= {"all": True} if every else {"volume": volume}
    change = writing.Change(SNAPSHOT, f"taking {name}", "POST", SNAPSHOT.path, "available", body)
    writing.carry_out(change, how, timeout if wait else 0)


@app.command("restore")
def restore(
    name: Name,
    new: New,
    volume: Part = None,
    size: Size = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Restore a snapshot into a new volume."""
    body = {"name": new, "volume": volume, "size_gb": size}
    path = SNAPSHOT.at(name, "restore")
    change = writing.Change(VOLUME, f"restoring {new}", "POST", path, "available", body)
    writing.carry_out(change, how, timeout if wait else 0)


@app.command("copy")
def copy(
    name: Name,
    to: To,
    new: As = None,
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Copy a snapshot to a target; the copy is a snapshot of its own."""
    body = {"to": to, "name": new, "tags": pairs(tag, "--tag")}
    change = writing.Change(
        SNAPSHOT, f"copying {name}", "POST", SNAPSHOT.at(name, "copies"), "available", body
    )
    writing.carry_out(change, how, timeout if wait else 0)


@app.command("targets")
def targets(how: Output = "table") -> None:
    """List the places that snapshots can be copied to."""
    with connected("listing targets") as client:
        found = client.read("/api/copy-targets")["items"]
    output.show_list(TARGET, found, how)


@app.command("verify")
def verify(name: Name, how: Output = "table") -> None:
    """Have everything a snapshot holds read back; `show` tells the result."""
    change = writing.Change(SNAPSHOT, f"verifying {name}", "POST", SNAPSHOT.at(name, "verify"))
    writing.carry_out(change, how)


reading.add_reads(app, SNAPSHOT)
writing.add_tag(app, SNAPSHOT)
writing.add_end(
    app, SNAPSHOT, "delete", "deleted", "what it holds is lost, but not what was copied to a target"
)
