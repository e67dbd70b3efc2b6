"""``cloud export``: prints resources as documents that ``cloud apply`` reads."""

import json
import sys
from typing import Annotated, Any, Literal

import typer

from miniaws.cli import output
from miniaws.cli.connection import connected
from miniaws.cli.options import AsOf, OnlyName, Tags, tag_filters

How = Annotated[Literal["yaml", "json"], typer.Option("--output", "-o", help="Output format.")]
Vpc = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only what is in this VPC, or attached to what is in it.")
]
OnlyKind = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Only resources of this kind, e.g. instance.")
]


def export(
    *,
    how: How = "yaml",
    as_of: AsOf = None,
    vpc: Vpc = None,
    kind: OnlyKind = None,
    name: OnlyName = None,
    tag: Tags = None,
) -> None:
    """Print resources, and what they refer to, as a file that `cloud apply` reads. Secrets are left out."""
    with connected() as client:
        found = client.read("/api/estate", as_of=as_of, vpc=vpc, kind=kind, name=name, tag=tag_filters(tag))
        schema = f"{client.url}/schemas/estate.json"
    documents = found["documents"]
    if how == "json":
        sys.stdout.write(json.dumps(documents, indent=2, ensure_ascii=False) + "\n")
    else:
        _write_yaml(documents, schema)
    if not documents:
        output.say("there is nothing to export")


def _write_yaml(documents: list[dict[str, Any]], schema: str) -> None:
    import yaml  # noqa: PLC0415 - only when asked for

    if documents:
        sys.stdout.write(f"# yaml-language-server: $schema={schema}\n")
        yaml.safe_dump_all(documents, sys.stdout, sort_keys=False, allow_unicode=True, explicit_start=True)
