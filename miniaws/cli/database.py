"""``cloud db``."""

from typing import Annotated

import typer

from miniaws.cli import database_shell, moments, output, reading, registry, server, writing
from miniaws.cli.archive import ARCHIVE
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec
from miniaws.cli.options import AsOf, Name, Output, Purge, Yes
from miniaws.cli.parameters import command


def _source(document: Document) -> str | None:
    found = spec("replica_of")(document)
    return found["name"] if found else None


DATABASE = Noun(
    "db",
    "database",
    "/api/databases",
    columns(
        Column("ENGINE", spec("engine")),
        Column("CLASS", spec("class")),
        Column("SERVER", observed("server")),
        Column("ADDRESS", observed("address")),
        Column("PUBLISHED", spec("publish")),
        Column("REPLICA OF", _source),
    ),
    optional=("SERVER", "ID", "ADDRESS", "REPLICA OF", "AGE", "CLASS", "PUBLISHED", "ENGINE"),
)

replica_app = typer.Typer(
    help="Manage read-only replicas of a database.", no_args_is_help=True, add_completion=False
)
app = registry.group("db")

Restored = Annotated[
    Document,
    Body(
        "RestoreDatabase",
        {
            **server.PUBLISH,
            "name": Option("--as", metavar="NAME", help="Name of the new database."),
            "to": Option(
                metavar="WHEN",
                parse=moments.past,
                help="The moment: RFC 3339, `10m ago`, `2026-11-23 14:00` (local). Default: the newest.",
            ),
            "backup": Option(metavar="ID"),
        },
    ),
]
Replica = Annotated[
    Document,
    Body(
        "CreateReplica",
        {
            **server.PUBLISH,
            **server.PROTECTION,
            "name": Option("--as", metavar="NAME", help="Name of the new database."),
        },
    ),
]
Policy = Annotated[
    Document,
    Body(
        "ChangeBackups",
        {
            "schedule": Option("--schedule --cron", metavar="CRON"),
            "drill_schedule": Option(
                "--drills", metavar="CRON", help="When a backup is restored for a test. Empty: never."
            ),
        },
    ),
]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")]
KeepBackups = Annotated[
    bool, typer.Option("--keep-backups/--drop-backups", help="Keep backups until their retention ends.")
]
FinalBackup = Annotated[bool, typer.Option("--final-backup", help="Make one more backup before deletion.")]
LongAwaited = Annotated[writing.Result, writing.ResultOptions(600)]

writing.add_create(
    app,
    DATABASE,
    "CreateDatabase",
    {
        **server.PUBLISH,
        **server.PROTECTION,
        "backup.schedule": Option("--schedule --cron", metavar="CRON"),
        "backup.retention_count": Option(minimum=0, parse=lambda count: count or None),
    },
    without=("backup.drill_schedule",),
    text="Create a database, and wait until its first backup is complete.",
    timeout_s=writing.CREATION_TIMEOUT_S,
)
writing.add_change(
    app,
    DATABASE,
    "ChangeDatabase",
    server.NEW_PROTECTION,
    text="Change class, parameters, security groups or deletion protection while the database runs.",
)


@app.command("restorable")
def restorable(name: Name, how: Output = "table") -> None:
    """Show the time range that can be restored, and the gaps in it."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "restorable"))
    output.write(how, found, lambda: output.details(found), [found["to"] or ""])


@command(app, "restore")
def restore(name: Name, body: Restored, result: LongAwaited, *, plan: Plan = False) -> None:
    """Restore a moment, or a backup, into a new database, or with `--in-place`, in place of the current one.

    In place, the restored database takes over name, host port and password. The current one is moved to the trash.
    """
    path = DATABASE.at(name, "restore")
    if plan:
        with connected() as client:
            found = client.change("POST", f"{path}?plan=true", body)
        output.write(result.format, found, lambda: output.details(found), [found["backup"]["id"]])
        return
    in_place = body.get("in_place", False)
    doing = f"restoring {name} {'in place' if in_place else 'as ' + body.get('name', '')}"
    document = writing.carry_out(writing.Change(DATABASE, doing, "POST", path, "available", body), result)
    swap = document["observed"].get("swap")
    if in_place and swap is not None and swap["unavailable_s"] is not None:
        output.say(
            f"there was no database for {swap['unavailable_s']:.1f} s; `cloud trash list` shows the previous one"
        )


@command(replica_app, "create")
def replicate(name: Name, body: Replica, result: LongAwaited) -> None:
    """Create a read-only replica of a database."""
    path, doing = DATABASE.at(name, "replicas"), f"copying {name} as {body['name']}"
    writing.carry_out(writing.Change(DATABASE, doing, "POST", path, "available", body), result)


@replica_app.command("list")
def replicas(name: Name, how: Output = "table") -> None:
    """List the replicas of a database, with their lag."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "replicas"))["replicas"]
    output.write(how, found, lambda: output.table(_REPLICA, found), [each["name"] for each in found])


@command(app, "backup")
def back_up(name: Name, result: writing.Shown) -> None:
    """Make a base backup now."""
    path, doing = DATABASE.at(name, "backups"), f"asking for a backup of {name}"
    writing.carry_out(writing.Change(ARCHIVE, doing, "POST", path), result)


@app.command("backups")
def backups(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """List the base backups of a database."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "backups"), as_of=as_of)
    made = found["observed"]["backups"]
    output.write(how, found, lambda: output.table(_BACKUP, made), [each["id"] for each in made])


@command(app, "policy")
def policy(name: Name, body: Policy, result: writing.Shown) -> None:
    """Change the backup schedule, the retention or the restore drills."""
    path = DATABASE.at(name, "backups")
    writing.carry_out(writing.Change(ARCHIVE, f"changing {name}", "PATCH", path, body=body), result)


@command(app, "delete")
def delete(
    name: Name,
    result: LongAwaited,
    *,
    keep: KeepBackups = True,
    final: FinalBackup = False,
    purge: Purge = False,
    yes: Yes = False,
) -> None:
    """Delete a database. It is kept in the trash, unless `--purge` is given.

    Afterwards, its backups are kept until their retention ends, unless `--drop-backups` is given.
    """
    backups_too = keep or final
    lost = (
        "Its backups are kept until their retention ends." if backups_too else "Its backups are lost with it."
    )
    writing.confirm(f"Delete database {name}? {writing.what_is_kept(purge=purge)} {lost}", yes=yes)
    flags = {"keep_backups": keep, "final_backup": final, "purge": purge}
    query = "&".join(f"{flag}={str(given).lower()}" for flag, given in flags.items())
    path, doing = f"{DATABASE.at(name)}?{query}", f"waiting until {name} is gone"
    writing.tell_how_to_restore(writing.carry_out(writing.Change(DATABASE, doing, "DELETE", path), result))


_BACKUP = (
    Column("ID", lambda each: each["id"]),
    Column("STATUS", lambda each: each["status"]),
    Column("WHY", lambda each: each["why"]),
    Column("ENDED", lambda each: moments.local(each["ended_at"]) if each["ended_at"] else None),
    Column("BYTES", lambda each: each["size_bytes"]),
    Column("VERIFIED", lambda each: moments.local(each["verified_at"]) if each["verified_at"] else None),
    Column("RESTORED IN (s)", lambda each: each["rto_s"]),
)

_REPLICA = (
    Column("NAME", lambda each: each["name"]),
    Column("STATUS", lambda each: each["status"]),
    Column("STATE", lambda each: each.get("replica_state")),
    Column("LAG (bytes)", lambda each: each.get("replica_lag_bytes")),
    Column("LAG (s)", lambda each: each.get("replica_lag_s")),
)

app.add_typer(replica_app, name="replica")
writing.add_verb(
    app,
    DATABASE,
    "promote",
    "available",
    "Promote a replica to a standalone database, even if its source is lost.",
)
reading.add_reads(app, DATABASE)
server.add_server_verbs(app, DATABASE)
database_shell.add_command(app, DATABASE)
writing.add_tag(app, DATABASE)
