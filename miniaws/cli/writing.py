"""Commands that change something: they ask before data is lost, wait for the change, and print the result."""

import random
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, NoReturn

import typer

from domain.status import SETTLING
from miniaws.cli import moments, output
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.failures import TIMED_OUT, USAGE, Failure
from miniaws.cli.noun import Document, Noun
from miniaws.cli.options import Format, Name, Output, Purge, Timeout, Wait, Yes, pairs
from miniaws.cli.parameters import Group, Values, command

TIMEOUT_S = 60
CREATION_TIMEOUT_S = 600
"""An image may have to be built or pulled first."""
_ATTEMPTS = 12
_LONGEST_PAUSE_S = 1.0

NEW_NAME = Option(
    metavar="NAME", help="1 to 63 lower-case letters, digits and hyphens, e.g. web-1.", is_argument=True
)
Edits = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE|KEY-", help="KEY=VALUE sets a tag, KEY- removes it.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True)
class Result:
    """How the result of a change is printed, and how long to wait for it."""

    format: Format
    wait_s: int = 0


class ResultOptions(Group):
    """``--output`` and, with a timeout, ``--wait`` and ``--timeout``."""

    def __init__(self, timeout_s: int | None = None) -> None:
        options: list[tuple[str, Any, Any]] = [("how", Output, "table")]
        if timeout_s is not None:
            options += [("wait", Wait, True), ("timeout", Timeout, timeout_s)]
        self._parameters = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, annotation, default in options
        ]

    def parameters(self) -> Sequence[Parameter]:
        """Return the options."""
        return self._parameters

    def value(self, given: Values) -> Result:
        """Return what is printed, and how long to wait."""
        return Result(given["how"], given["timeout"] if given.get("wait") else 0)


Shown = Annotated[Result, ResultOptions()]
Awaited = Annotated[Result, ResultOptions(TIMEOUT_S)]
CreationAwaited = Annotated[Result, ResultOptions(CREATION_TIMEOUT_S)]


@dataclass(frozen=True, slots=True)
class Change:
    """A request for a change. It is done when the status is ``goal``, or for None, any status that is not transient."""

    noun: Noun
    doing: str
    method: str
    path: str
    goal: str | None = None
    body: Document | None = None


def carry_out(change: Change, result: Result) -> Document:
    """Request a change, wait for it, print and return the resource. Raises Failure unless the goal is reached."""
    if change.method == "PATCH" and not change.body:
        raise Failure("cannot change nothing: give at least one option; `--help` lists them", USAGE)
    with connected(change.doing) as client:
        document = client.change(change.method, change.path, change.body, wait_s=result.wait_s)
    output.show_list(change.noun, [document], result.format)
    if result.wait_s:
        _report(change, document, result.wait_s)
    return document


def create(noun: Noun, body: Document, result: Result) -> None:
    """Create a resource, and wait until it is available."""
    carry_out(Change(noun, f"creating {body['name']}", "POST", noun.path, "available", body), result)


def modify(noun: Noun, name: str, body: Document, result: Result) -> None:
    """Change the fields that the body has."""
    carry_out(Change(noun, f"changing {name}", "PATCH", noun.at(name), body=body), result)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before data is lost. Raises Failure unless the answer is yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"cannot ask “{question}” without a terminal: add `--yes`", USAGE)
    if not typer.confirm(question, err=True):
        raise Failure("nothing was changed")


def add_create(
    app: typer.Typer,
    noun: Noun,
    schema: str,
    options: Mapping[str, Option | Callable[..., Any]] | None = None,
    *,
    text: str,
    without: Collection[str] = (),
    timeout_s: int = TIMEOUT_S,
) -> None:
    """Add ``create``, with the fields of a body as its options."""
    fields = Body(schema, {"name": NEW_NAME, **(options or {})}, without=without)

    @command(app, "create", text=text)
    def create_(
        body: Annotated[Document, fields], result: Annotated[Result, ResultOptions(timeout_s)]
    ) -> None:
        create(noun, body, result)


def add_change(
    app: typer.Typer,
    noun: Noun,
    schema: str,
    options: Mapping[str, Option | Callable[..., Any]] | None = None,
    *,
    text: str,
    without: Collection[str] = ("tags",),
    timeout_s: int | None = TIMEOUT_S,
) -> None:
    """Add ``change``, with the fields of a body as its options; tags have a command of their own."""
    fields = Body(schema, options, without=without)

    @command(app, "change", text=text)
    def change_(
        name: Name,
        body: Annotated[Document, fields],
        result: Annotated[Result, ResultOptions(timeout_s)],
    ) -> None:
        modify(noun, name, body, result)


def add_verb(app: typer.Typer, noun: Noun, verb: str, goal: str, text: str) -> None:
    """Add a command without options of its own, e.g. ``start``."""

    @command(app, verb, text=text)
    def act(name: Name, result: Awaited) -> None:
        carry_out(Change(noun, f"asking {name} to {verb}", "POST", noun.at(name, verb), goal), result)


def add_end(app: typer.Typer, noun: Noun, verb: str, goal: str, lost: str) -> None:
    """Add the command that ends a resource for good; it asks first."""

    @command(app, verb, text=f"{verb.capitalize()} one {noun.label} for good: {lost}.")
    def end(name: Name, result: Awaited, *, yes: Yes = False) -> None:
        confirm(f"{verb.capitalize()} {noun.label} {name}? {lost.capitalize()}.", yes=yes)
        carry_out(Change(noun, f"waiting until {name} is {goal}", "DELETE", noun.at(name), goal), result)


def add_trash(app: typer.Typer, noun: Noun, verb: str) -> None:
    """Add the command that moves a resource to the trash, or with ``--purge`` ends it for good; it asks first."""
    text = f"{verb.capitalize()} one {noun.label}. It is kept in the trash, unless `--purge` is given."

    @command(app, verb, text=text)
    def end(name: Name, result: Awaited, *, purge: Purge = False, yes: Yes = False) -> None:
        confirm(f"{verb.capitalize()} {noun.label} {name}? {what_is_kept(purge=purge)}", yes=yes)
        doing, path = f"waiting until {name} is gone", noun.at(name) + ("?purge=true" if purge else "")
        tell_how_to_restore(carry_out(Change(noun, doing, "DELETE", path), result))


def what_is_kept(*, purge: bool) -> str:
    """Return what a question before a deletion says."""
    return "It is lost for good." if purge else "It is kept in the trash, unless the trash is switched off."


def tell_how_to_restore(document: Document) -> None:
    """Print how to get back what was deleted, if it is kept."""
    if until := document.get("purges_at"):
        output.say(
            f"kept in the trash until {moments.local(until)}; `cloud trash restore {document['id']}` restores it"
        )


def add_tag(app: typer.Typer, noun: Noun) -> None:
    """Add ``tag``."""

    @app.command("tag", help=f"Set (KEY=VALUE) or remove (KEY-) tags of one {noun.label}.")
    def tag(name: Name, edits: Edits, how: Output = "table") -> None:
        removed = [edit.removesuffix("-") for edit in edits if edit.endswith("-") and "=" not in edit]
        added = pairs([edit for edit in edits if "=" in edit or not edit.endswith("-")], "KEY=VALUE")

        def edited(now: Document) -> Document:
            tags = {**now["tags"], **added}
            return {"tags": {key: value for key, value in tags.items() if key not in removed}}

        output.show_one(noun, rewrite(noun, name, edited), how)


def rewrite(noun: Noun, name: str, edited: Callable[[Document], Document]) -> Document:
    """Read a document and send an edited version; repeat when somebody else has changed it in between."""
    with connected(f"changing {name}") as client:
        for attempt in range(_ATTEMPTS):
            now = client.read(noun.at(name))
            try:
                return client.change("PATCH", noun.at(name), edited(now), version=now["version"])
            except Failure as failure:
                if failure.code != "stale_version" or attempt == _ATTEMPTS - 1:
                    raise
            # At random, so that those who compete do not meet again; reads may lag behind the latest change.
            pause_s = random.uniform(0, _LONGEST_PAUSE_S) * (attempt + 1) / _ATTEMPTS  # noqa: S311 - no secret
            time.sleep(pause_s)  # noqa: TID251 - there is no event to wait for
    raise AssertionError  # the last attempt returns or raises


def _report(change: Change, document: Document, waited_s: int) -> None:
    """Print the status. Raises Failure unless it is the goal."""
    status, name = document["status"], document["name"]
    if status == change.goal or (change.goal is None and status not in SETTLING | {"error"}):
        output.say(f"{name} is {status}", "green")
    elif change.goal == "running" and status == "stopped" and document["observed"]["exit_code"] == 0:
        output.say(f"{name} is stopped: its program exited with code 0", "green")
    else:
        _fail(change, document, waited_s)


def _fail(change: Change, document: Document, waited_s: int) -> NoReturn:
    status, name = document["status"], document["name"]
    reason = f": {document['status_reason']}" if document["status_reason"] else ""
    follow = f"see `cloud {change.noun.command} show {name}`"
    if status in SETTLING:
        sentence = f"{name} is still {status} after {waited_s} s{reason}; {follow}"
        raise Failure(sentence, TIMED_OUT)
    raise Failure(f"{name} is {status}{reason}; {follow}")
