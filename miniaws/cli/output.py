"""Output of commands: results on stdout as a table, JSON or YAML; messages on stderr."""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from miniaws.cli import moments
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Column, Document, Noun
from miniaws.cli.options import Format

_COLOURS = {
    "green": {"running", "available", "active", "healthy", "in-service", "applied"},
    "red": {"error", "unhealthy", "failed"},
    "dim": {"stopped", "terminated", "deleted", "revoked", "cancelled"},
}
_FIRST = ("name", "id", "kind", "status", "status_reason")
_LAST = ("tags", "account_id", "created_at", "created_by", "updated_at", "version", "position")
_LABELS = {"status_reason": "reason", "account_id": "account"}
_NEVER_CUT = {"NAME", "STATUS", "ID", "AGE", "POSITION", "TIME"}
_GAP = 2
"""Spaces between two columns."""
_WHOLE_LINES = 10_000


def show_list(noun: Noun, documents: Sequence[Document], how: Format) -> None:
    """Print several resources."""
    names = [str(each[noun.key]) for each in documents]
    write(how, documents, lambda: table(_fitting(noun, documents, how), documents), names)


def show_one(noun: Noun, document: Document, how: Format) -> None:
    """Print all fields of one resource."""
    write(how, document, lambda: details(document), [str(document[noun.key])])


def write(how: Format, content: Any, drawn: Callable[[], Table], names: Sequence[str]) -> None:
    """Print content in one of the formats."""
    match how:
        case "json":
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        case "yaml":
            import yaml  # noqa: PLC0415 - only when asked for

            yaml.safe_dump(content, sys.stdout, sort_keys=False, allow_unicode=True)
        case "name":
            sys.stdout.writelines(f"{name}\n" for name in names)
        case "table" | "wide":
            # Lines that are piped are never cut or folded.
            shown, width = drawn(), _width() if how == "table" else None
            least = Console(width=_WHOLE_LINES).measure(shown).minimum
            Console(highlight=False, width=max(width, least) if width else _WHOLE_LINES).print(shown)


def table(columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    """Return rows as a table without borders, which `awk` can read, too."""
    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for column in columns:
        drawn.add_column(column.title, no_wrap=column.title in _NEVER_CUT, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(column.title, column.cell(row)) for column in columns))
    return drawn


def is_terminal() -> bool:
    """Return whether results are read on a terminal."""
    return _width() is not None


def redraw(tables: Iterable[Table]) -> None:
    """Show tables in the same place of the terminal, each one until the next."""
    from rich.live import Live  # noqa: PLC0415 - only when asked for

    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        for each in tables:
            live.update(each, refresh=True)


def _width() -> int | None:
    """Return the width of the terminal, 80 if it does not report one, or None without a terminal."""
    console = Console()
    return console.width if console.is_terminal else None


def _fitting(noun: Noun, documents: Sequence[Document], how: Format) -> list[Column]:
    """Return the columns that fit the terminal; the optional ones of the kind are dropped in their order."""
    columns, available = list(noun.columns), _width()
    if how == "wide" or available is None:
        return columns
    taken = {
        column.title: _GAP
        + max(map(cell_len, (column.title, *(text(column.cell(each)) for each in documents))))
        for column in columns
    }
    for title in noun.optional:
        if sum(taken.values()) - _GAP <= available:
            break
        taken.pop(title, None)
    return [column for column in columns if column.title in taken]


def details(document: Document) -> Table:
    """Return all fields of one resource, one per line."""
    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in _ordered(document).items():
        shown = text(value)
        style = _colour(shown) if name == "status" else ""
        drawn.add_row(_LABELS.get(name, name.replace("_", " ")), Text(shown, style))
    return drawn


def text(value: Any) -> str:
    """Return a value of a document as readable text; instants are in local time."""
    match value:
        case None | "" | []:
            return "-"
        case dict() if not value:  # the pattern {} would match every dictionary
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(text, value))
        case dict():
            return _shape(value)
        case _:
            written = moments.local(value) if moments.is_instant(value) else str(value)
            return "".join(c if c.isprintable() else "?" for c in written)


def say(sentence: str, style: str = "") -> None:
    """Print a message on stderr."""
    _stderr().print(sentence, style=style, markup=False)


def fail(failure: Failure) -> None:
    """Print a failure on stderr."""
    console = _stderr()
    console.print(f"error: {failure}", style="red", markup=False)
    for note in failure.notes:
        console.print(f"  {note}", markup=False)


@contextmanager
def working(sentence: str) -> Generator[Callable[[str], None]]:
    """Show a progress message; yield a function that updates it (without a terminal, it prints a line)."""
    console = _stderr()
    shown = sentence
    with console.status(Text(sentence)) as status:

        def progress(now: str) -> None:
            nonlocal shown
            if now != shown:
                shown = now
                status.update(Text(now))
                if not console.is_terminal:
                    say(now)

        yield progress


def _stderr() -> Console:
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
            return " ".join(f"{text(key)}={text(each)}" for key, each in value.items())


def _cell(title: str, value: Any) -> Text:
    shown = text(value)
    return Text(shown, _colour(shown) if title == "STATUS" else "")


def _colour(status: str) -> str:
    return next((colour for colour, statuses in _COLOURS.items() if status in statuses), "yellow")


def _ordered(document: Document) -> Document:
    nested = {
        # The version of a server's program; the document has a version of its own.
        ("engine_version" if name == "version" else name): value
        for name, value in {**document.get("spec", {}), **document.get("observed", {})}.items()
    }
    known = {*_FIRST, *_LAST, "spec", "observed"}
    others = {name: value for name, value in document.items() if name not in known}
    return {
        **{name: document[name] for name in _FIRST if name in document},
        **others,
        **nested,
        **{name: document[name] for name in _LAST if name in document},
    }
