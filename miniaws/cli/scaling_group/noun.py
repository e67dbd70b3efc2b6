"""Columns of scaling groups."""

from miniaws.cli.noun import Column, Document, Noun, columns, observed, spec


def _policies(document: Document) -> str | None:
    return ", ".join(document["spec"]["policies"]) or None


GROUP = Noun(
    "asg",
    "scaling group",
    "/api/scaling-groups",
    columns(
        Column("MIN", spec("min")),
        Column("DESIRED", spec("desired")),
        Column("MAX", spec("max")),
        Column("IN SERVICE", observed("in_service")),
        Column("POLICIES", _policies),
    ),
    optional=("ID", "AGE", "POLICIES", "MAX", "MIN"),
)
