"""``cloud apply``: makes resources as files describe them."""

from typing import Annotated

import typer

from miniaws.cli import manifests
from miniaws.cli.failures import Failure
from miniaws.cli.options import Output, Timeout, Wait, Yes
from miniaws.cli.parameters import Call
from miniaws.cli.plan import carrying_out

Files = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        metavar="FILE",
        help="A file or folder with YAML or JSON documents, or - for standard input. Repeat for more.",
    ),
]
OnlyPlan = Annotated[bool, typer.Option("--plan", help="Only show what would change, and keep the plan.")]
SetName = Annotated[
    str | None,
    typer.Option("--set", metavar="NAME", help="Name the resources of these files as a set, kept as a tag."),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="Also remove what an earlier apply of the set created and no file names now."
    ),
]


def _manner(
    *,
    plan: OnlyPlan = False,
    yes: Yes = False,
    wait: Wait = True,
    timeout: Timeout = carrying_out.TIMEOUT_S,
    how: Output = "table",
) -> carrying_out.Manner:
    return carrying_out.Manner(how, plan, yes, timeout if wait else 0)


def apply(
    file: Files,
    manner: Annotated[carrying_out.Manner, Call(_manner)],
    *,
    prune: Prune = False,
    set_: SetName = None,
) -> None:
    """Create and change resources as files describe them. The plan is shown first."""
    if prune and set_ is None:
        raise typer.BadParameter("must come with the set to prune: --set NAME", param_hint="--prune")
    manifest = manifests.read(file)
    body = {"type": "apply", "manifest": list(manifest.documents), "set": set_, "prune": prune}
    try:
        carrying_out.propose({key: value for key, value in body.items() if value is not None}, manner)
    except Failure as failure:
        raise manifest.explained(failure) from None
