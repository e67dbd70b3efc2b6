"""What commands print: tables for people or JSON and YAML for programs on stdout, all talk on stderr."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from miniaws.cli import moments
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import Format

_COLOURS = {
    "green": {"running", "available", "active", "healthy", "in-service"},
    "red": {"error", "unhealthy"},
    "dim": {"stopped", "terminated", "deleted", "revoked"},
}
_FIRST = ("name", "id", "kind", "status", "status_reason")
_LAST = ("tags", "account_id", "created_at", "created_by", "updated_at", "version", "position")
_LABELS = {"status_reason": "reason", "account_id": "account"}
_NEVER_CUT = {"NAME", "STATUS", "ID", "AGE", "POSITION", "TIME"}


def show_list(noun: Noun, documents: Sequence[Document], how: Format) -> None:
    """Print several resources."""
    write(how, documents, lambda: table(noun.columns, documents), [str(each[noun.key]) for each in documents])


def show_one(noun: Noun, document: Document, how: Format) -> None:
    """Print everything about one resource."""
    write(how, document, lambda: details(document), [str(document[noun.key])])


def write(how: Format, content: Any, drawn: Callable[[], Table], names: Sequence[str]) -> None:
    """Print content in one of the formats."""
    match how:
        case "json":
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        case "yaml":
            yaml.safe_dump(content, sys.stdout, sort_keys=False, allow_unicode=True)
        case "name":
            sys.stdout.writelines(f"{name}\n" for name in names)
        case "table":
            console = Console(highlight=False, soft_wrap=False)
            if not console.is_terminal:
                # A line that is piped on is never cut or folded.
                console = Console(highlight=False, width=10_000)
            console.print(drawn())


def table(columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    """Return rows as a table without lines, which `awk` reads as well."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column.title, no_wrap=column.title in _NEVER_CUT, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(column.title, column.cell(row)) for column in columns))
    return drawn


def details(document: Document) -> Table:
    """Return everything about one resource, a line each."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in _ordered(document).items():
        shown = text(value, name)
        style = _colour(shown) if name == "status" else ""
        drawn.add_row(_LABELS.get(name, name.replace("_", " ")), Text(shown, style))
    return drawn


def text(value: Any, name: str = "") -> str:
    """Return a value of a document as people read it; ``name`` is that of its field."""
    match value:
        case None | "" | []:
            return "-"
        case dict() if not value:  # the pattern {} would match every dictionary
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(text(each, name) for each in value)
        case dict():
            return _shape(value)
        case _:
            written = moments.local(value) if name.endswith("_at") else str(value)
            return "".join(c if c.isprintable() else "?" for c in written)


def say(sentence: str, style: str = "") -> None:
    """Talk to whoever runs the command."""
    _talk().print(sentence, style=style, markup=False)


def fail(failure: Failure) -> None:
    """Say why the command ends."""
    console = _talk()
    console.print(f"error: {failure}", style="red", markup=False)
    for note in failure.notes:
        console.print(f"  {note}", markup=False)


def working(sentence: str) -> AbstractContextManager[Any]:
    """Show that something is under way, where somebody watches."""
    return _talk().status(Text(sentence))


def _talk() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _shape(value: Document) -> str:
    match value:
        case {"port": port, "publish": publish}:
            return f"{publish}->{port}" if publish else str(port)
        case {"volume": _, "name": name, "path": path}:
            return f"{text(name)}:{text(path)}"
        case {"id": id_, "name": name, "path": path}:
            return f"{text(name)}:{text(path)} ({id_})"
        case {"name": name, "status": status, "template_version": version}:
            return f"{text(name)} {text(status)} (template {version})"
        case {"id": id_, "name": name}:
            return f"{text(name)} ({id_})"
        case _:
            return " ".join(f"{text(key)}={text(each, key)}" for key, each in value.items())


def _cell(title: str, value: Any) -> Text:
    shown = text(value)
    return Text(shown, _colour(shown) if title == "STATUS" else "")


def _colour(status: str) -> str:
    return next((colour for colour, statuses in _COLOURS.items() if status in statuses), "yellow")


def _ordered(document: Document) -> Document:
    nested = {**document.get("spec", {}), **document.get("observed", {})}
    known = {*_FIRST, *_LAST, "spec", "observed"}
    others = {name: value for name, value in document.items() if name not in known}
    return {
        **{name: document[name] for name in _FIRST if name in document},
        **others,
        **nested,
        **{name: document[name] for name in _LAST if name in document},
    }
