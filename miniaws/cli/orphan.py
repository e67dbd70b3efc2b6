"""``cloud orphan``: engine objects that belong to no resource."""

from miniaws.cli import moments, reading, registry, writing
from miniaws.cli.noun import Column, Document, Noun, columns, observed


def _held_until(document: Document) -> str | None:
    return moments.local(observed("held_until")(document)) if document["status"] == "held" else None


ORPHAN = Noun(
    "orphan",
    "orphan",
    "/api/orphans",
    columns(
        Column("OBJECT", observed("thing")),
        Column("OF", observed("resource_id")),
        Column("HELD UNTIL", _held_until),
        Column("WHY", lambda document: document["status_reason"]),
    ),
    optional=("AGE", "ID", "WHY", "OF", "HELD UNTIL", "OBJECT"),
)

app = registry.group("orphan")

reading.add_reads(app, ORPHAN)
writing.add_end(app, ORPHAN, "remove", "deleted", "its data is lost")
