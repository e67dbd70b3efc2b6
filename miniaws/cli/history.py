"""Every version of a resource, and what changed from one to the next."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from miniaws.cli import moments, output
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Format

_TOLD_ELSEWHERE = {"version", "position", "updated_at", "status", "status_reason"}


def show(documents: Sequence[Document], how: Format) -> None:
    """Print one line per version."""
    output.write(
        how,
        list(documents),
        lambda: output.table(_COLUMNS, list(_versions(documents))),
        [str(document["position"]) for document in documents],
    )


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each field that differs: its path, what it was and what it is; None where there is none."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            below = f"{path}.{name}" if path else str(name)
            yield from differences(before.get(name), after.get(name), below)
    elif before != after:
        yield path, before, after


def _versions(documents: Sequence[Document]) -> Iterator[Document]:
    before: Document | None = None
    for document in documents:
        changes = _changes(before, document) if before else ["asked for"]
        yield {**document, "changes": "; ".join(changes)}
        before = document


def _changes(before: Document, after: Document) -> Iterator[str]:
    for path, was, is_ in differences(before, after):
        if path not in _TOLD_ELSEWHERE:
            name = path.rpartition(".")[2]
            short = path.removeprefix("spec.").removeprefix("observed.")
            yield f"{short}: {output.text(was, name)} → {output.text(is_, name)}"


_COLUMNS = (
    Column("POSITION", itemgetter("position")),
    Column("TIME", lambda version: moments.local(version["updated_at"])),
    Column("STATUS", itemgetter("status")),
    Column("REASON", itemgetter("status_reason")),
    Column("CHANGES", itemgetter("changes")),
)
