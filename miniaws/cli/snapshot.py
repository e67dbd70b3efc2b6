"""``cloud snapshot``."""

from typing import Annotated

from miniaws.cli import output, reading, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.noun import Column, Document, Noun, columns, observed
from miniaws.cli.options import Name, Output
from miniaws.cli.parameters import command
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
    "snapshot",
    "/api/snapshots",
    columns(
        Column("VOLUME", _volumes),
        Column("SIZE (MiB)", _size),
        Column("PAUSE", _pause),
        Column("AT", lambda document: document["spec"]["target"] or "here"),
        Column("VERIFIED", observed("verified_at")),
    ),
    optional=("PAUSE", "ID", "VERIFIED", "AT", "AGE", "SIZE (MiB)", "VOLUME"),
)

TARGET = Noun(
    "target",
    "target",
    "/api/copy-targets",
    (Column("NAME", lambda target: target["name"]), Column("KIND", lambda target: target["kind"])),
)

app = registry.group("snapshot")

Source = Annotated[
    Document,
    Body(
        "CreateSnapshot",
        {"name": writing.NEW_NAME, "volume": Option(is_argument=True, help="A volume, attached or not.")},
    ),
]
Restored = Annotated[
    Document,
    Body(
        "RestoreSnapshot", {"name": Option(metavar="NEW", is_argument=True, help="Name of the new volume.")}
    ),
]
Copied = Annotated[
    Document,
    Body(
        "CopySnapshot",
        {
            "to": Option(metavar="TARGET", help="See `cloud snapshot targets`."),
            "name": Option("--as", metavar="NEW"),
        },
    ),
]


@command(app, "create")
def create(body: Source, result: writing.CreationAwaited) -> None:
    """Take a snapshot of a volume, or of all volumes."""
    if ("volume" in body) == body["all"]:
        raise Failure("cannot tell what to take a snapshot of: give either a volume or `--all`", USAGE)
    change = writing.Change(SNAPSHOT, f"taking {body['name']}", "POST", SNAPSHOT.path, "available", body)
    writing.carry_out(change, result)


@command(app, "restore")
def restore(name: Name, body: Restored, result: writing.Awaited) -> None:
    """Restore a snapshot into a new volume."""
    path = SNAPSHOT.at(name, "restore")
    change = writing.Change(VOLUME, f"restoring {body['name']}", "POST", path, "available", body)
    writing.carry_out(change, result)


@command(app, "copy")
def copy(name: Name, body: Copied, result: writing.Awaited) -> None:
    """Copy a snapshot to a target; the copy is a separate snapshot."""
    path = SNAPSHOT.at(name, "copies")
    writing.carry_out(writing.Change(SNAPSHOT, f"copying {name}", "POST", path, "available", body), result)


@app.command("targets")
def targets(how: Output = "table") -> None:
    """List the targets that snapshots can be copied to."""
    with connected("listing targets") as client:
        found = client.read("/api/copy-targets")["items"]
    output.show_list(TARGET, found, how)


@command(app, "verify")
def verify(name: Name, result: writing.Shown) -> None:
    """Read the whole snapshot back and verify it; `show` has the result."""
    change = writing.Change(SNAPSHOT, f"verifying {name}", "POST", SNAPSHOT.at(name, "verify"))
    writing.carry_out(change, result)


reading.add_reads(app, SNAPSHOT)
writing.add_tag(app, SNAPSHOT)
writing.add_end(app, SNAPSHOT, "delete", "deleted", "its data is lost; copies on targets are kept")
