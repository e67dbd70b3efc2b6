"""``cloud db``: databases that run for people, and go back in time."""

from typing import Annotated, Any

import typer

from miniaws.cli import database_shell, moments, output, reading, server, writing
from miniaws.cli.archive import ARCHIVE
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec
from miniaws.cli.options import AsOf, Name, Output, Tags, Timeout, Wait, Yes, checked, pairs


def _followed(document: Document) -> str | None:
    found = spec("replica_of")(document)
    return found["name"] if found else None


DATABASE = Noun(
    "database",
    "/api/databases",
    columns(
        Column("ENGINE", spec("engine")),
        Column("CLASS", spec("class")),
        Column("SERVER", observed("server")),
        Column("ADDRESS", observed("address")),
        Column("PUBLISHED", spec("publish")),
        Column("REPLICA OF", _followed),
    ),
)

replica_app = typer.Typer(
    help="Databases that follow another one.", no_args_is_help=True, add_completion=False
)
app = typer.Typer(
    help="Databases that run for you, and go back in time.", no_args_is_help=True, add_completion=False
)

Class = Annotated[
    str, typer.Option("--class", metavar="CLASS", help="CPU and memory: micro, small, medium …")
]
NewClass = Annotated[str | None, typer.Option("--class", metavar="CLASS", help="CPU and memory.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="E.g. work_mem=8192. Repeat for more."),
]
Database = Annotated[str, typer.Option("--database", metavar="NAME", help="The first database in it.")]
User = Annotated[str, typer.Option("--user", metavar="NAME", help="Who owns that database.")]
Schedule = Annotated[
    str | None, typer.Option(metavar="CRON", help="When base backups are made, in UTC. Default: daily at 3.")
]
Retention = Annotated[
    int | None, typer.Option("--retention-days", metavar="DAYS", min=1, help="How long. Default: 7.")
]
Count = Annotated[int | None, typer.Option("--retention-count", metavar="N", min=0, help="At most so many.")]
Synchronous = Annotated[bool, typer.Option("--synchronous", help="Commits wait until the archive has them.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="WHEN",
        callback=checked(moments.past),
        help="Which moment: RFC 3339, `10m ago`, `2026-11-23 14:00` (local). Default: the newest.",
    ),
]
NewName = Annotated[str, typer.Option("--as", metavar="NAME", help="The name of the new database.")]
Kept = Annotated[bool, typer.Option("--keep-backups/--drop-backups", help="Until their retention ends.")]
Backup = Annotated[
    str | None, typer.Option("--backup", metavar="ID", help="A backup alone, without the log.")
]


@app.command("create")
def create(  # noqa: PLR0913, PLR0917 - its options
    name: writing.NewName,
    engine: server.Engine = "postgres",
    version: server.Version = None,
    class_: Class = "small",
    database: Database = "app",
    user: User = "app",
    parameter: Parameters = None,
    vpc: server.Vpc = "default",
    publish: server.Publish = None,
    storage: server.Storage = None,
    schedule: Schedule = None,
    retention_days: Retention = None,
    retention_count: Count = None,
    synchronous: Synchronous = False,  # noqa: FBT002
    protected: server.Protected = False,  # noqa: FBT002
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a database, which is backed up from its beginning."""
    backup = {"schedule": schedule, "retention_days": retention_days, "retention_count": retention_count}
    body = {
        "name": name,
        "engine": engine,
        "version": version,
        "class": class_,
        "database": database,
        "user": user,
        "parameters": pairs(parameter, "--parameter"),
        "vpc": vpc,
        "publish": publish,
        "storage_gb": storage,
        "backup": {"synchronous": synchronous} | {key: each for key, each in backup.items() if each},
        "deletion_protection": protected,
        "tags": pairs(tag, "--tag"),
    }
    writing.create(DATABASE, body, how, timeout if wait else 0)


@app.command("change")
def change(
    name: Name,
    class_: NewClass = None,
    parameter: Parameters = None,
    protected: server.NewProtection = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Change class, parameters or protection. It goes on running."""
    body = {
        "class": class_,
        "parameters": pairs(parameter, "--parameter") if parameter else None,
        "deletion_protection": protected,
    }
    writing.modify(DATABASE, name, body, how, timeout if wait else 0)


@app.command("restorable")
def restorable(name: Name, how: Output = "table") -> None:
    """Show the moments that can be restored, and the gaps between them."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "restorable"))
    output.write(how, found, lambda: output.details(found), [found["to"] or ""])


@app.command("restore")
def restore(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    as_: NewName,
    to: To = None,
    backup: Backup = None,
    publish: server.Publish = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done.")] = False,  # noqa: FBT002
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = 600,
) -> None:
    """Restore a moment, or a backup, into a new database; this one is not touched."""
    body: dict[str, Any] = {"name": as_, "to": to, "backup": backup, "publish": publish}
    path = DATABASE.at(name, "restore")
    if plan:
        with connected() as client:
            found = client.change("POST", f"{path}?plan=true", body)
        output.write(how, found, lambda: output.details(found), [found["backup"]["id"]])
        return
    wish = writing.Change(DATABASE, f"restoring {name} as {as_}", "POST", path, "available", body)
    writing.carry_out(wish, how, timeout if wait else 0)


@replica_app.command("create")
def replicate(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    as_: NewName,
    class_: NewClass = None,
    publish: server.Publish = None,
    storage: server.Storage = None,
    protected: server.Protected = False,  # noqa: FBT002
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = 600,
) -> None:
    """Create a database that follows this one, and is only read until it is promoted."""
    body = {
        "name": as_,
        "class": class_,
        "publish": publish,
        "storage_gb": storage,
        "deletion_protection": protected,
        "tags": pairs(tag, "--tag"),
    }
    path = DATABASE.at(name, "replicas")
    wish = writing.Change(DATABASE, f"copying {name} as {as_}", "POST", path, "available", body)
    writing.carry_out(wish, how, timeout if wait else 0)


@replica_app.command("list")
def replicas(name: Name, how: Output = "table") -> None:
    """Show who follows one database, and how far each is."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "replicas"))["replicas"]
    output.write(how, found, lambda: output.table(_REPLICA, found), [each["name"] for each in found])


@app.command("backup")
def back_up(name: Name, how: Output = "table") -> None:
    """Make a base backup now."""
    wish = writing.Change(ARCHIVE, f"asking for a backup of {name}", "POST", DATABASE.at(name, "backups"))
    writing.carry_out(wish, how)


@app.command("backups")
def backups(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """Show the archive of one database with its base backups."""
    with connected() as client:
        found = client.read(DATABASE.at(name, "backups"), as_of=as_of)
    made = found["observed"]["backups"]
    output.write(how, found, lambda: output.table(_BACKUP, made), [each["id"] for each in made])


@app.command("policy")
def policy(
    name: Name,
    schedule: Schedule = None,
    retention_days: Retention = None,
    retention_count: Count = None,
    drills: Annotated[
        str | None, typer.Option(metavar="CRON", help="When one is restored for a trial. Empty: never.")
    ] = None,
    how: Output = "table",
) -> None:
    """Change when base backups are made, and how long they are kept."""
    body = {
        "schedule": schedule,
        "retention_days": retention_days,
        "retention_count": retention_count,
        "drill_schedule": drills,
    }
    wish = writing.Change(ARCHIVE, f"changing {name}", "PATCH", DATABASE.at(name, "backups"), body=body)
    writing.carry_out(wish, how)


@app.command("delete")
def delete(
    name: Name,
    keep: Kept = True,  # noqa: FBT002
    final: Annotated[bool, typer.Option("--final-backup", help="Make one more before it goes.")] = False,  # noqa: FBT002
    yes: Yes = False,  # noqa: FBT002
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = 600,
) -> None:
    """Delete one database for good; its backups are kept until their retention ends, unless they are dropped."""
    lost = "Its backups are kept for a while." if keep or final else "Its backups are lost, too."
    writing.confirm(f"Delete database {name}? {lost}", yes=yes)
    query = f"?keep_backups={str(keep).lower()}&final_backup={str(final).lower()}"
    path = f"{DATABASE.at(name)}{query}"
    wish = writing.Change(DATABASE, f"waiting until {name} is deleted", "DELETE", path, "deleted")
    writing.carry_out(wish, how, timeout if wait else 0)


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
    "Let one replica follow no more and take writes, also when its source is lost.",
)
reading.add_reads(app, DATABASE)
server.add_server_verbs(app, DATABASE)
database_shell.add_command(app, DATABASE)
writing.add_tag(app, DATABASE)
