"""``cloud lb group``."""

from collections.abc import Callable
from typing import Annotated

import typer

from miniaws.cli import output, writing
from miniaws.cli.bodies import Body
from miniaws.cli.failures import Failure
from miniaws.cli.load_balancer import options as own
from miniaws.cli.load_balancer.noun import BALANCER
from miniaws.cli.noun import Document
from miniaws.cli.options import Format, Name, Output
from miniaws.cli.parameters import command

app = typer.Typer(
    help="Manage target groups besides the group `default`.", no_args_is_help=True, add_completion=False
)

GroupName = Annotated[
    str, typer.Argument(metavar="GROUP", help="Name of the target group.", show_default=False)
]
GroupFields = Annotated[
    Document, Body("ChangeLoadBalancer", own.GROUP, without=(*own.WITHOUT, "listeners", "target_groups"))
]
_DEFAULT = "default"


@command(app, "put")
def put(name: Name, group: GroupName, body: GroupFields, how: Output = "table") -> None:
    """Create or change a target group. Options that are not given keep their values."""

    def edited(groups: list[Document]) -> list[Document]:
        known = next((each for each in groups if each["name"] == group), {"name": group})
        return [each for each in groups if each["name"] != group] + [{**known, **body}]

    _change(name, group, edited, how)


@app.command("remove")
def remove(name: Name, group: GroupName, how: Output = "table") -> None:
    """Remove a target group that no listener and no rule uses."""

    def edited(groups: list[Document]) -> list[Document]:
        if group not in {each["name"] for each in groups}:
            raise Failure(f"cannot remove the target group {output.text(group)}: {name} has no such group")
        return [each for each in groups if each["name"] != group]

    _change(name, group, edited, how)


def _change(name: str, group: str, edited: Callable[[list[Document]], list[Document]], how: Format) -> None:
    """Read the groups and write them back."""
    if group == _DEFAULT:
        raise Failure(
            "cannot change the group `default` here: it is always there, see `cloud lb change --help`"
        )

    def regrouped(now: Document) -> Document:
        return {
            "target_groups": edited(
                [each for each in now["spec"]["target_groups"] if each["name"] != _DEFAULT]
            )
        }

    output.show_list(BALANCER, [writing.rewrite(BALANCER, name, regrouped)], how)
