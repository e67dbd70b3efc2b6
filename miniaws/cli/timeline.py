"""``cloud timeline``: what happened, who did it, on what, and why."""

import json
import sys
from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated

import typer

from miniaws.cli import moments, output
from miniaws.cli.connection import connected
from miniaws.cli.narrowing import Account, EventFormat, EventOutput, From, Kind, Resource, To, Type
from miniaws.cli.noun import Column, Document

Actor = Annotated[
    str | None, typer.Option(metavar="KEY", help="Only what one key did, by name or id, or `system:…`.")
]
Correlation = Annotated[
    str | None, typer.Option(metavar="ID", help="Only what belongs to one request or trace.")
]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="Only events with this text anywhere.")]
Oldest = Annotated[bool, typer.Option("--oldest-first", help="The oldest first; the newest first otherwise.")]
AtMost = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many.")]


def who(event: Document) -> str:
    """Return who did it, and from where."""
    name = event["actorname"] if event["actor"].startswith("system:") else f"key {event['actorname']}"
    return f"{name} ({event['sourceip']})" if event["sourceip"] else name


COLUMNS = (
    Column("POSITION", itemgetter("position")),
    Column("TIME", lambda event: moments.local(event["time"])),
    Column("WHO", who),
    Column("KIND", itemgetter("resourcekind")),
    Column("WHAT", itemgetter("summary")),
    Column("CAUSE", itemgetter("causationid")),
)


def timeline(  # noqa: PLR0913, PLR0917 - its options
    resource: Resource = None,
    kind: Kind = None,
    type_: Type = None,
    actor: Actor = None,
    correlation: Correlation = None,
    text: Text = None,
    account: Account = None,
    from_: From = None,
    to: To = None,
    oldest_first: Oldest = False,  # noqa: FBT002
    limit: AtMost = 100,
    how: EventOutput = "table",
) -> None:
    """Show what happened: who, what, on which resource, when, and the position of the event that led to it."""
    filters = {
        "resource": resource,
        "kind": kind,
        "type": type_,
        "actor": actor,
        "correlation": correlation,
        "text": text,
        "account": account,
        "from": from_,
        "to": to,
        "order": "oldest" if oldest_first else "newest",
    }
    with connected() as client:
        pages = client.page_by_page("/api/timeline", limit, **filters)
        if how == "ndjson":
            for page in pages:
                write_lines(page)
            return
        events = [event for page in pages for event in page]
    show(events, how)


def show(events: Sequence[Document], how: EventFormat) -> None:
    """Print events in one of the formats."""
    if how == "ndjson":
        write_lines(events)
        return
    names = [str(event["position"]) for event in events]
    output.write(how, events, lambda: output.table(COLUMNS, events), names)
    if not events and how == "table":
        output.say("there is no such event")


def write_lines(events: Sequence[Document]) -> None:
    """Print a line of JSON per event."""
    for event in events:
        sys.stdout.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()
