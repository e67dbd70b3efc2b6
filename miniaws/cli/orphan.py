"""``cloud orphan``: what is on the engine though nothing wants it."""

import typer

from miniaws.cli import moments, reading, writing
from miniaws.cli.noun import Column, Document, Noun, columns, observed


def _held_until(document: Document) -> str | None:
    return moments.local(observed("held_until")(document)) if document["status"] == "held" else None


ORPHAN = Noun(
    "orphan",
    "/api/orphans",
    columns(
        Column("THING", observed("thing")),
        Column("OF", observed("resource_id")),
        Column("HELD UNTIL", _held_until),
        Column("WHY", lambda document: document["status_reason"]),
    ),
)

app = typer.Typer(help="Things that nothing wants any more.", no_args_is_help=True, add_completion=False)

reading.add_reads(app, ORPHAN)
writing.add_end(app, ORPHAN, "remove", "deleted", "what it holds is lost")
