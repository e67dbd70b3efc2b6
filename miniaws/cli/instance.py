"""``cloud instance``: containers that run a program."""

from typing import Annotated, Literal

import typer

from miniaws.cli import instance_program, launching, output, reading, writing
from miniaws.cli.arguments import WithProgram, program_of
from miniaws.cli.connection import connected
from miniaws.cli.noun import Column, Noun, columns, observed, spec
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, pairs

INSTANCE = Noun(
    "instance",
    "/api/instances",
    columns(
        Column("TYPE", spec("type")),
        Column("IMAGE", spec("image")),
        Column("ADDRESS", observed("address")),
        Column("PORTS", spec("ports")),
    ),
)
_TYPE_COLUMNS = (
    Column("NAME", lambda found: found["name"]),
    Column("CPUS", lambda found: found["cpus"]),
    Column("MEMORY (MiB)", lambda found: found["memory_mb"]),
)

app = typer.Typer(
    help="Containers that run a program, and keep running.", no_args_is_help=True, add_completion=False
)

Published = Annotated[
    list[str] | None,
    typer.Option(
        "--publish", "-p", metavar="HOST:PORT", help="A port of the host that leads to one. Repeat."
    ),
]
Volumes = Annotated[
    list[str] | None,
    typer.Option("--volume", metavar="VOLUME:PATH", help="A volume and where the program finds it. Repeat."),
]
Vpc = Annotated[str, typer.Option(metavar="VPC", help="The network it joins.")]
Restart = Annotated[
    Literal["always", "on-failure", "never"], typer.Option(help="What to do when its program ends by itself.")
]
AsName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The name, when it is not the first argument.")
]
FirstName = Annotated[str | None, typer.Argument(metavar="NAME", help="A name for it.", show_default=False)]


@app.command("launch", cls=WithProgram)
def launch(  # noqa: PLR0913, PLR0917 - its options
    ctx: typer.Context,
    image: launching.Image,
    name: FirstName = None,
    as_name: AsName = None,
    type_: launching.Type = "micro",
    port: launching.Ports = None,
    publish: Published = None,
    env: launching.Variables = None,
    env_file: launching.VariableFiles = None,
    user_data: launching.UserData = None,
    volume: Volumes = None,
    vpc: Vpc = "default",
    tag: Tags = None,
    restart: Restart = "always",
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Launch an instance. What follows `--` is run instead of the image's own program."""
    chosen = launching.name(name, as_name)
    body = {
        "name": chosen,
        "image": image,
        "type": type_,
        "command": program_of(ctx),
        "env": launching.environment(env, env_file),
        "user_data": launching.user_data(user_data),
        "ports": launching.ports(port, publish),
        "vpc": vpc,
        "volumes": launching.volumes(volume),
        "tags": pairs(tag, "--tag"),
        "restart": restart,
    }
    change = writing.Change(INSTANCE, f"launching {chosen}", "POST", INSTANCE.path, "running", body)
    writing.carry_out(change, how, timeout if wait else 0)


@app.command("resize")
def resize(name: Name, type_: launching.Type, how: Output = "table") -> None:
    """Change the type: how much CPU and memory it gets. It goes on running."""
    change = writing.Change(INSTANCE, f"resizing {name}", "PATCH", INSTANCE.at(name), body={"type": type_})
    writing.carry_out(change, how)


@app.command("types")
def types(how: Output = "table") -> None:
    """List the types: how much CPU and memory each gives."""
    with connected() as client:
        found = client.read("/api/instance-types")["items"]
    output.write(how, found, lambda: output.table(_TYPE_COLUMNS, found), [each["name"] for each in found])


reading.add_reads(app, INSTANCE)
for verb, goal, sentence in (
    ("start", "running", "Start one stopped instance."),
    ("stop", "stopped", "Stop one instance; its files stay."),
    ("reboot", "running", "Stop one instance and start it again."),
):
    writing.add_verb(app, INSTANCE, verb, goal, sentence)
writing.add_tag(app, INSTANCE)
writing.add_end(app, INSTANCE, "terminate", "terminated", "its files outside volumes are lost")
instance_program.add_commands(app, INSTANCE)
