"""What every command that makes a plan does: propose it, print it, ask, apply it, and show the progress."""

from dataclasses import dataclass
from typing import Annotated

import typer

from miniaws.cli import output, writing
from miniaws.cli.connection import connected
from miniaws.cli.failures import TIMED_OUT, Failure
from miniaws.cli.noun import Document
from miniaws.cli.options import TABLES, Format, Output, Timeout, Wait, Yes
from miniaws.cli.parameters import Call
from miniaws.cli.plan import drawing
from miniaws.cli.plan.noun import PLAN

TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is carried out."""

    format: Format = "table"
    is_only_planned: bool = False
    is_confirmed: bool = False
    wait_s: int = TIMEOUT_S


OnlyPlanned = Annotated[bool, typer.Option("--plan", help="Only show the plan; it can be applied later.")]


def manner(
    *,
    plan: OnlyPlanned = False,
    yes: Yes = False,
    how: Output = "table",
    wait: Wait = True,
    timeout: Timeout = TIMEOUT_S,
) -> Manner:
    """Return how a plan is carried out, from the options of a command."""
    return Manner(how, is_only_planned=plan, is_confirmed=yes, wait_s=timeout if wait else 0)


Carried = Annotated[Manner, Call(manner)]
"""The options of a command that makes a plan."""


def propose(body: Document, manner: Manner) -> Document | None:
    """Propose a plan, print it, and apply it once the user agrees; return it when it has ended.

    A plan without steps is discarded: there is nothing to do. One that is only planned is kept until it is applied.
    Raises Failure unless it is applied.
    """
    with connected("computing the plan") as client:
        plan = client.change("POST", PLAN.path, body)
        if not plan["observed"]["steps"]:
            plan = client.change("DELETE", PLAN.at(plan["name"]))
    show(plan, manner.format)
    if not _is_applicable(plan):
        return None
    if manner.is_only_planned:
        output.say(f"apply it with `cloud plan apply {plan['name']}`")
        return None
    return apply(plan, manner)


def apply(plan: Document, manner: Manner) -> Document:
    """Apply a plan once the user agrees, wait for its end, and return it. Raises Failure unless it is applied."""
    name = plan["name"]
    writing.confirm(f"Apply plan {name}?", yes=manner.is_confirmed)
    with connected(f"applying {name}") as client:
        client.on_answer = lambda answer: client.on_progress(drawing.progress(answer))
        ended = client.change("POST", PLAN.at(name, "apply"), wait_s=manner.wait_s)
    report(ended, manner)
    return ended


def report(plan: Document, manner: Manner) -> None:
    """Print how a plan ended. Raises Failure unless it is applied."""
    name, status = plan["name"], plan["status"]
    if status == "applied" or not manner.wait_s:
        output.say(f"{name} is {status}: {drawing.progress(plan)}", "green")
        return
    if status == "applying":
        reason = f": {plan['status_reason']}" if plan["status_reason"] else ""
        raise Failure(
            f"{name} is still applying after {manner.wait_s} s{reason}; see `cloud plan show {name}`",
            TIMED_OUT,
        )
    failed = [each for each in plan["observed"]["steps"] if each["status"] == "failed"]
    notes = tuple(
        f"{each['resource']['kind'].replace('_', ' ')} {each['resource']['name']}: {each['reason']}"
        for each in failed
    )
    follow = f"; `cloud plan apply {name}` continues it" if status == "failed" else ""
    raise Failure(f"{name} is {status}: {plan['status_reason']}{follow}", notes=notes)


def show(plan: Document, how: Format) -> None:
    """Print a plan: as a difference, or as a document."""
    output.write(how, plan, lambda: drawing.drawn(plan), [plan["name"]])
    if how in TABLES:
        output.say(drawing.total(plan))


def _is_applicable(plan: Document) -> bool:
    return any(each["action"] != "cannot" for each in plan["observed"]["steps"])
