"""Plans in tables."""

from miniaws.cli.noun import Column, Document, Noun, columns, spec


def _counted(name: str, document: Document) -> str:
    return ", ".join(f"{count} {what}" for what, count in document["observed"][name].items())


PLAN = Noun(
    "plan",
    "plan",
    "/api/plans",
    columns(
        Column("TYPE", spec("type")),
        Column("STEPS", lambda document: _counted("actions", document)),
        Column("PROGRESS", lambda document: _counted("progress", document)),
    ),
    optional=("ID", "AGE", "TYPE", "PROGRESS"),
)
