"""``cloud instance``."""

from typing import Annotated

import typer

from miniaws.cli import instance_program, launching, output, reading, registry, writing
from miniaws.cli.arguments import WithProgram
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec
from miniaws.cli.options import Name, Output
from miniaws.cli.parameters import command

INSTANCE = Noun(
    "instance",
    "instance",
    "/api/instances",
    columns(
        Column("TYPE", spec("type")),
        Column("IMAGE", spec("image")),
        Column("ADDRESS", observed("address")),
        Column("PORTS", spec("ports")),
    ),
    optional=("ID", "ADDRESS", "TYPE", "AGE", "PORTS", "IMAGE"),
)
_TYPE_COLUMNS = (
    Column("NAME", lambda found: found["name"]),
    Column("CPUS", lambda found: found["cpus"]),
    Column("MEMORY (MiB)", lambda found: found["memory_mb"]),
)

app = registry.group("instance")

Launched = Annotated[Document, Body("LaunchInstance", launching.INSTANCE)]
Type = Annotated[str, typer.Option("--type", metavar="TYPE", help="See `cloud instance types`.")]


@command(app, "launch", cls=WithProgram)
def launch(body: Launched, result: writing.CreationAwaited) -> None:
    """Launch an instance. Arguments after `--` replace the default program of the image."""
    doing = f"launching {body['name']}"
    writing.carry_out(writing.Change(INSTANCE, doing, "POST", INSTANCE.path, "running", body), result)


@command(app, "resize")
def resize(name: Name, type_: Type, result: writing.Shown) -> None:
    """Change the type, i.e. the CPU and memory limits, while the instance runs."""
    change = writing.Change(INSTANCE, f"resizing {name}", "PATCH", INSTANCE.at(name), body={"type": type_})
    writing.carry_out(change, result)


writing.add_change(
    app,
    INSTANCE,
    "ChangeInstance",
    {"type": Option(metavar="TYPE", help="See `cloud instance types`.")},
    text="Change the type or the security groups while the instance runs.",
)


@app.command("types")
def types(how: Output = "table") -> None:
    """List the instance types with their CPU and memory limits."""
    with connected() as client:
        found = client.read("/api/instance-types")["items"]
    output.write(how, found, lambda: output.table(_TYPE_COLUMNS, found), [each["name"] for each in found])


reading.add_reads(app, INSTANCE)
for verb, goal, sentence in (
    ("start", "running", "Start a stopped instance."),
    ("stop", "stopped", "Stop an instance. Its files are kept."),
    ("reboot", "running", "Restart an instance."),
):
    writing.add_verb(app, INSTANCE, verb, goal, sentence)
writing.add_tag(app, INSTANCE)
writing.add_trash(app, INSTANCE, "terminate")
instance_program.add_commands(app, INSTANCE)
