"""The reading commands that every noun has: list, show, history."""

from typing import Any

import typer

from miniaws.cli import history, output
from miniaws.cli.connection import connected
from miniaws.cli.noun import Document, Noun
from miniaws.cli.options import (
    AsOf,
    Ended,
    Format,
    Limit,
    Name,
    OnlyName,
    Output,
    Status,
    Tags,
    tag_filters,
)


def add_reads(app: typer.Typer, noun: Noun) -> None:
    """Add ``list``, ``show`` and ``history``."""
    _add_list(app, noun)
    add_show_and_history(app, noun)


def add_show_and_history(app: typer.Typer, noun: Noun) -> None:
    """Add ``show`` and ``history``."""

    @app.command("show", help=f"Show one {noun.word}, now or as of any moment.")
    def show(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
        with connected() as client:
            document = client.read(noun.at(name), as_of=as_of)
        output.show_one(noun, document, how)

    @app.command("history", help=f"Show every version of one {noun.word}, oldest first.")
    def versions(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
        with connected() as client:
            found = client.read(noun.at(name), as_of=as_of)
            documents = client.read(f"/api/resources/{found['id']}/history", as_of=as_of)["items"]
        history.show(documents, how)


def show_matching(noun: Noun, how: Format, limit: int | None, **filters: Any) -> None:
    """List what passes the filters."""
    with connected() as client:
        documents: list[Document] = client.pages(noun.path, limit, **filters)
    output.show_list(noun, documents, how)
    if not documents and how == "table":
        output.say(f"there is no {noun.word} to show")


def _add_list(app: typer.Typer, noun: Noun) -> None:
    @app.command("list", help=f"List every {noun.word}, now or as of any moment.")
    def list_(
        how: Output = "table",
        as_of: AsOf = None,
        status: Status = None,
        name: OnlyName = None,
        tag: Tags = None,
        ended: Ended = False,  # noqa: FBT002
        limit: Limit = None,
    ) -> None:
        filters = {"status": status, "name": name, "tag": tag_filters(tag), "ended": ended}
        show_matching(noun, how, limit, as_of=as_of, **filters)
