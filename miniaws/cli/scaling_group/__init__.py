"""``cloud asg``."""

from typing import Annotated
from urllib.parse import quote

import typer

from miniaws.cli import launching, reading, registry, writing
from miniaws.cli.arguments import WithProgram
from miniaws.cli.bodies import Body, Option
from miniaws.cli.noun import Document
from miniaws.cli.options import Name
from miniaws.cli.parameters import command
from miniaws.cli.scaling_group import options as own
from miniaws.cli.scaling_group import policy, reviews
from miniaws.cli.scaling_group.noun import GROUP

app = registry.group("asg")


Created = Annotated[
    Document,
    Body(
        "CreateScalingGroup",
        {
            **own.GROUP,
            "name": writing.NEW_NAME,
            "max": Option(is_unset=True, help="Maximum number of instances. Default: as desired."),
        },
        without=("policies", "suspended"),
    ),
]
Updated = Annotated[Document, Body("ChangeScalingGroup", own.GROUP, without=("tags",))]
Refreshed = Annotated[Document, Body("StartRefresh", launching.TEMPLATE)]
Desired = Annotated[
    int, typer.Argument(metavar="N", min=0, help="Desired number of instances.", show_default=False)
]
Cancel = Annotated[bool, typer.Option("--cancel", help="Cancel the refresh that is running.")]


@command(app, "create", cls=WithProgram)
def create(body: Created, result: writing.CreationAwaited) -> None:
    """Create a scaling group. Arguments after `--` replace the default program of the image."""
    desired = body.setdefault("desired", body["min"])
    body.setdefault("max", max(body["min"], desired))
    writing.create(GROUP, body, result)


@command(app, "update", cls=WithProgram)
def update(name: Name, body: Updated, result: writing.Shown) -> None:
    """Change sizes, rules or the template. Running instances are not changed: see `refresh`."""
    writing.modify(GROUP, name, body, result)


@command(app, "scale")
def scale(name: Name, desired: Desired, result: writing.Shown) -> None:
    """Set the desired number of instances, between min and max."""
    body = {"desired": desired}
    writing.carry_out(writing.Change(GROUP, f"scaling {name}", "PATCH", GROUP.at(name), body=body), result)


@command(app, "refresh", cls=WithProgram)
def refresh(name: Name, body: Refreshed, result: writing.Shown, *, cancel: Cancel = False) -> None:
    """Replace all instances of an older template. Each one is terminated only after its replacement is in service."""
    path = GROUP.at(name, "refresh")
    if cancel:
        writing.carry_out(writing.Change(GROUP, "cancelling", "DELETE", path), result)
    else:
        writing.carry_out(writing.Change(GROUP, f"refreshing {name}", "POST", path, body=body), result)


Processes = Annotated[
    Document,
    Body("Processes", {"processes": Option("--process", help="Default: all of them.")}),
]


def _add_suspension(verb: str, text: str) -> None:
    @command(app, verb, text=text)
    def change(name: Name, body: Processes, result: writing.Shown) -> None:
        path = GROUP.at(name, verb)
        writing.carry_out(writing.Change(GROUP, f"asking {name} to {verb}", "POST", path, body=body), result)


def _add_protection(verb: str, text: str, *, is_protected: bool) -> None:
    @command(app, verb, text=text)
    def change(name: Name, instance: own.Instance, result: writing.Shown) -> None:
        path = f"{GROUP.at(name, 'instances')}/{quote(instance, safe='')}/protection"
        body = {"is_protected": is_protected}
        writing.carry_out(writing.Change(GROUP, f"asking {name}", "PUT", path, body=body), result)


reading.add_reads(app, GROUP)
_add_suspension("suspend", "Suspend processes of the group.")
_add_suspension("resume", "Resume suspended processes of the group.")
_add_protection(
    "protect", "Protect an instance from termination when the group scales in.", is_protected=True
)
_add_protection(
    "unprotect", "Allow an instance to be terminated when the group scales in.", is_protected=False
)
writing.add_tag(app, GROUP)
writing.add_end(app, GROUP, "delete", "deleted", "its instances are terminated")
app.add_typer(policy.app, name="policy")
reviews.add_commands(app)
