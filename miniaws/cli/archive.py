"""``cloud archive``: backups and logs of databases, including deleted ones."""

from miniaws.cli import moments, reading, registry, writing
from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec


def _complete(document: Document) -> list[Document]:
    return [each for each in document["observed"]["backups"] if each["status"] != "creating"]


def _newest(document: Document) -> str | None:
    found = [each["ended_at"] for each in _complete(document)]
    return moments.age(max(found)) if found else None


def _expires(document: Document) -> str | None:
    at = observed("expires_at")(document)
    return moments.local(at) if at else None


ARCHIVE = Noun(
    "archive",
    "archive",
    "/api/archives",
    columns(
        Column("DATABASE", lambda document: spec("database")(document)["id"]),
        Column("BACKUPS", lambda document: len(_complete(document))),
        Column("NEWEST", _newest),
        Column("KEPT UNTIL", _expires),
    ),
    optional=("AGE", "NEWEST", "BACKUPS", "KEPT UNTIL", "DATABASE"),
    key="id",
)

app = registry.group("archive")

reading.add_reads(app, ARCHIVE)
writing.add_end(app, ARCHIVE, "delete", "deleted", "backups of deleted databases are lost")
