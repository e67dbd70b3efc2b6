"""Commands that every noun has for reading: ``list``, ``show`` and ``history``."""

import sys
from typing import Annotated, Any

import typer

from miniaws.cli import history, output
from miniaws.cli.connection import connected
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.noun import Document, Noun
from miniaws.cli.options import (
    TABLES,
    AsOf,
    Ended,
    EndedSince,
    Format,
    Limit,
    Name,
    OnlyName,
    Output,
    Status,
    Tags,
    Watch,
    tag_filters,
)
from miniaws.cli.parameters import Call, command


def _filters(
    *,
    as_of: AsOf = None,
    status: Status = None,
    name: OnlyName = None,
    tag: Tags = None,
    ended: Ended = False,
    ended_since: EndedSince = None,
) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "status": status,
        "name": name,
        "tag": tag_filters(tag),
        "ended": ended,
        "ended_since": ended_since,
    }


Filters = Annotated[dict[str, Any], Call(_filters)]


def add_reads(app: typer.Typer, noun: Noun) -> None:
    """Add ``list``, ``show`` and ``history``."""
    add_list(app, noun)
    add_show_and_history(app, noun)


def add_list(app: typer.Typer, noun: Noun) -> None:
    """Add ``list``."""

    @command(app, "list", text=f"List every {noun.label}, now or as of any moment.")
    def list_(filters: Filters, limit: Limit = None, how: Output = "table", *, watch: Watch = False) -> None:
        show_matching(noun, how, limit, filters, watch=watch)


def add_show_and_history(app: typer.Typer, noun: Noun) -> None:
    """Add ``show`` and ``history``."""

    @app.command("show", help=f"Show one {noun.label}, now or as of any moment.")
    def show(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
        with connected() as client:
            document = client.read(noun.at(name), as_of=as_of)
        output.show_one(noun, document, how)

    add_history(app, noun)


def add_history(app: typer.Typer, noun: Noun) -> None:
    """Add ``history``."""

    @app.command("history", help=f"Show every version of one {noun.label}, oldest first.")
    def versions(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
        with connected() as client:
            found = client.read(noun.at(name), as_of=as_of)
            documents = client.read(f"/api/resources/{found['id']}/history", as_of=as_of)["items"]
        history.show(documents, how)


def show_matching(
    noun: Noun, how: Format, limit: int | None, filters: dict[str, Any], *, watch: bool = False
) -> None:
    """List the resources that match the filters; with ``watch``, again after each change, without end."""
    if watch:
        _watch(noun, how, limit, filters)
        return
    with connected() as client:
        documents: list[Document] = client.pages(noun.path, limit, **filters)
    _show(noun, documents, how)


def _watch(noun: Noun, how: Format, limit: int | None, filters: dict[str, Any]) -> None:
    from miniaws.cli import watching  # noqa: PLC0415 - only when asked for

    if filters.get("as_of"):
        raise Failure("cannot watch the past: give either `--watch` or `--as-of`", USAGE)
    with connected(None) as client:
        for documents in watching.versions(client, noun, limit, filters):
            _show(noun, documents, how)
            sys.stdout.flush()


def _show(noun: Noun, documents: list[Document], how: Format) -> None:
    output.show_list(noun, documents, how)
    if not documents and how in TABLES:
        output.say(f"there is no {noun.label} to show")
