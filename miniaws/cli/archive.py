"""``cloud archive``: what databases are restored from, also those that are gone."""

import typer

from miniaws.cli import moments, reading, writing
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
    "/api/archives",
    columns(
        Column("DATABASE", lambda document: spec("database")(document)["id"]),
        Column("BACKUPS", lambda document: len(_complete(document))),
        Column("NEWEST", _newest),
        Column("KEPT UNTIL", _expires),
    ),
    key="id",
)

app = typer.Typer(help="What databases are restored from.", no_args_is_help=True, add_completion=False)

reading.add_reads(app, ARCHIVE)
writing.add_end(app, ARCHIVE, "delete", "deleted", "what it held of a database that is gone is lost")
