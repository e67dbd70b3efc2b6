"""``cloud trash``: what was deleted and can be restored."""

from typing import Annotated, Any

import typer

from miniaws.cli import moments, output, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.failures import NOT_FOUND, USAGE, Failure
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import TABLES, AsOf, Limit, OnlyName, Output, Yes
from miniaws.cli.parameters import command
from miniaws.cli.resource import RESOURCE


def _purges_at(item: Document) -> str:
    return moments.local(item["purges_at"]) if item["purges_at"] else item["status"]


TRASH = Noun(
    "trash",
    "item in the trash",
    "/api/trash",
    (
        Column("NAME", lambda item: item["name"]),
        Column("KIND", lambda item: item["kind"]),
        Column("STATUS", lambda item: item["status"]),
        Column("DELETED", lambda item: moments.local(item["trashed_at"])),
        Column("KEPT UNTIL", _purges_at),
        Column("BY", lambda item: item["deleted_by_name"]),
        Column("ID", lambda item: item["id"]),
    ),
    key="id",
    optional=("BY", "STATUS", "DELETED"),
)
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only resources of this kind.")]
Item = Annotated[
    str, typer.Argument(metavar="NAME", help="Id, or a name that is unique in the trash.", show_default=False)
]
Items = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Ids, or names that are unique in the trash.", show_default=False),
]
All = Annotated[bool, typer.Option("--all", help="Everything that is in the trash.")]
Renamed = Annotated[
    Document,
    Body("RestoreFromTrash", {"name": Option("--as", metavar="NAME", help="Restore it under another name.")}),
]

app = registry.group("trash")


@app.command("list")
def list_(
    kind: Kind = None,
    name: OnlyName = None,
    limit: Limit = None,
    as_of: AsOf = None,
    how: Output = "table",
) -> None:
    """List what is in the trash, the newest first, now or as of any moment."""
    with connected() as client:
        items = client.pages(TRASH.path, limit, kind=kind, name=name, as_of=as_of)
    output.show_list(TRASH, items, how)
    if not items and how in TABLES:
        output.say("the trash is empty")


@command(app, "restore", text="Restore a resource: the same id, files and secrets.")
def restore(item: Item, body: Renamed, result: writing.Awaited) -> None:
    """Restore one resource, and wait until it is usable."""
    found = _find(item)
    path = TRASH.at(found["id"], "restore")
    writing.carry_out(writing.Change(RESOURCE, f"restoring {found['name']}", "POST", path, body=body), result)


@command(app, "purge", text="Remove resources from the trash for good, with their files and secrets.")
def purge(items: Items = None, *, everything: All = False, yes: Yes = False) -> None:
    """Remove one resource, several or all of them for good."""
    if bool(items) == everything:
        raise Failure("cannot tell what to purge: give names, or `--all`", USAGE)
    found = _everything() if everything else [_find(each) for each in items or []]
    if not found:
        output.say("the trash is empty")
        return
    names = (
        f"all {len(found)} resources in the trash"
        if everything
        else ", ".join(each["name"] for each in found)
    )
    writing.confirm(f"Purge {names}? They are lost for good.", yes=yes)
    with connected() as client:
        for each in found:
            client.change("DELETE", TRASH.at(each["id"]), wait_s=writing.TIMEOUT_S)
            output.say(f"{each['kind'].replace('_', ' ')} {each['name']} is removed for good", "green")


def _everything() -> list[Document]:
    with connected() as client:
        return client.pages(TRASH.path, None)


def _find(item: str) -> Document:
    """Return what is in the trash with an id or a name. Raises Failure unless there is exactly one."""
    with connected() as client:
        found: list[dict[str, Any]] = client.pages(TRASH.path, None)
    by_id = [each for each in found if each["id"] == item]
    matching = by_id or [each for each in found if each["name"] == item]
    if not matching:
        raise Failure(f"cannot find {output.text(item)} in the trash; see `cloud trash list`", NOT_FOUND)
    if len(matching) > 1:
        ids = ", ".join(f"{each['id']} ({each['kind']})" for each in matching)
        raise Failure(f"cannot tell which {output.text(item)} is meant: give an id, one of {ids}", USAGE)
    return matching[0]
