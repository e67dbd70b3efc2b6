"""How commands change things: they ask where something is lost for good, wait, and say what came of it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer

from domain.status import SETTLING
from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.failures import TIMED_OUT, USAGE, Failure
from miniaws.cli.noun import Document, Noun
from miniaws.cli.options import Format, Name, Output, Timeout, Wait, Yes, pairs

PATIENCE_S = 60
_ATTEMPTS = 5

NewName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="1 to 63 lower-case letters, digits and hyphens, e.g. web-1.", show_default=False
    ),
]
Edits = Annotated[
    list[str],
    typer.Argument(metavar="KEY=VALUE|KEY-", help="Set a tag, or take one away.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and when it counts as done: ``goal`` is its status then, or None for any that stays."""

    noun: Noun
    doing: str
    method: str
    path: str
    goal: str | None = None
    body: Document | None = None


def carry_out(change: Change, how: Format, wait_s: int = 0) -> None:
    """Ask for a change, wait for it, print what it led to. Raises Failure unless it came about."""
    with connected(change.doing) as client:
        document = client.change(change.method, change.path, change.body, wait_s=wait_s)
    output.show_list(change.noun, [document], how)
    if wait_s:
        _judge(change, document, wait_s)


def create(noun: Noun, body: Document, how: Format, wait_s: int) -> None:
    """Have one more of a kind, and wait until it is available."""
    carry_out(Change(noun, f"creating {body['name']}", "POST", noun.path, "available", body), how, wait_s)


def modify(noun: Noun, name: str, body: Document, how: Format, wait_s: int = 0) -> None:
    """Have one as the body says; what is None stays as it is."""
    carry_out(Change(noun, f"changing {name}", "PATCH", noun.at(name), body=body), how, wait_s)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is lost for good. Raises Failure when nobody agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"cannot ask “{question}” without a terminal: add `--yes`", USAGE)
    if not typer.confirm(question, err=True):
        raise Failure("nothing was changed")


def add_verb(app: typer.Typer, noun: Noun, verb: str, goal: str, sentence: str) -> None:
    """Add a command that only names a resource, e.g. ``start``."""

    @app.command(verb, help=sentence)
    def act(
        name: Name,
        how: Output = "table",
        wait: Wait = True,  # noqa: FBT002
        timeout: Timeout = PATIENCE_S,
    ) -> None:
        change = Change(noun, f"asking {name} to {verb}", "POST", noun.at(name, verb), goal)
        carry_out(change, how, timeout if wait else 0)


def add_end(app: typer.Typer, noun: Noun, verb: str, goal: str, lost: str) -> None:
    """Add the command that ends a resource for good; it asks first."""

    @app.command(verb, help=f"{verb.capitalize()} one {noun.word} for good: {lost}.")
    def end(
        name: Name,
        yes: Yes = False,  # noqa: FBT002
        how: Output = "table",
        wait: Wait = True,  # noqa: FBT002
        timeout: Timeout = PATIENCE_S,
    ) -> None:
        confirm(f"{verb.capitalize()} {noun.word} {name}? {lost.capitalize()}.", yes=yes)
        change = Change(noun, f"waiting until {name} is {goal}", "DELETE", noun.at(name), goal)
        carry_out(change, how, timeout if wait else 0)


def add_tag(app: typer.Typer, noun: Noun) -> None:
    """Add ``tag``."""

    @app.command("tag", help=f"Set tags of one {noun.word} (KEY=VALUE) or take them away (KEY-).")
    def tag(name: Name, edits: Edits, how: Output = "table") -> None:
        removed = [edit.removesuffix("-") for edit in edits if edit.endswith("-") and "=" not in edit]
        added = pairs([edit for edit in edits if "=" in edit or not edit.endswith("-")], "KEY=VALUE")

        def edited(now: Document) -> Document:
            tags = {**now["tags"], **added}
            return {"tags": {key: value for key, value in tags.items() if key not in removed}}

        output.show_one(noun, rewrite(noun, name, edited), how)


def rewrite(noun: Noun, name: str, edited: Callable[[Document], Document]) -> Document:
    """Read a document and send what it is to become, again when somebody else wrote in between."""
    with connected(f"changing {name}") as client:
        for attempt in range(_ATTEMPTS):
            now = client.read(noun.at(name))
            try:
                return client.change("PATCH", noun.at(name), edited(now), version=now["version"])
            except Failure as failure:
                if failure.code != "stale_version" or attempt == _ATTEMPTS - 1:
                    raise
    raise AssertionError  # the last attempt returns or raises


def _judge(change: Change, document: Document, waited_s: int) -> None:
    status, name = document["status"], document["name"]
    if status == change.goal or (change.goal is None and status not in SETTLING | {"error"}):
        output.say(f"{name} is {status}", "green")
    elif change.goal == "running" and status == "stopped" and document["observed"]["exit_code"] == 0:
        output.say(f"{name} is stopped: its program ended well", "green")
    else:
        _disappoint(change, document, waited_s)


def _disappoint(change: Change, document: Document, waited_s: int) -> NoReturn:
    status, name = document["status"], document["name"]
    reason = f": {document['status_reason']}" if document["status_reason"] else ""
    follow = f"see `cloud {change.noun.word} show {name}`"
    if status in SETTLING:
        sentence = f"{name} is still {status} after {waited_s} s{reason}; {follow}"
        raise Failure(sentence, TIMED_OUT)
    raise Failure(f"{name} is {status}{reason}; {follow}")
