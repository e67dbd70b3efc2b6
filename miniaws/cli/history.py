"""The versions of a resource: what changed, and who changed it."""

from collections.abc import Sequence
from operator import itemgetter

from miniaws.cli import moments, output
from miniaws.cli.diff import changed
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Format
from miniaws.cli.timeline import who

_IN_OTHER_COLUMNS = {"status", "status_reason"}


def show(versions: Sequence[Document], how: Format) -> None:
    """Print one line per version."""
    output.write(
        how,
        list(versions),
        lambda: output.table(_COLUMNS, versions),
        [str(version["position"]) for version in versions],
    )


def _changes(version: Document) -> str:
    shown = [change for change in version["changes"] if change["field"] not in _IN_OTHER_COLUMNS]
    return "; ".join(changed(shown))


def _event(version: Document) -> str:
    summary: str = version["event"]["summary"]
    return summary.removeprefix(f"{version['name']} ")


_COLUMNS = (
    Column("POSITION", itemgetter("position")),
    Column("TIME", lambda version: moments.local(version["updated_at"])),
    Column("STATUS", itemgetter("status")),
    Column("WHO", lambda version: who(version["event"])),
    Column("WHAT", _event),
    Column("CHANGES", _changes),
)
