"""``cloud timeline``: past events, with actor, resource and cause."""

import json
import sys
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Annotated

import typer

from miniaws.cli import moments, output
from miniaws.cli.connection import connected
from miniaws.cli.filters import Account, EventOutput, From, Kind, Resource, To, Type
from miniaws.cli.noun import Column, Document
from miniaws.cli.parameters import Call
from miniaws.cli.requests import Group, grouped

Actor = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Only events caused by this key (name or id), or by `system:…`."),
]
Correlation = Annotated[str | None, typer.Option(metavar="ID", help="Only events of this request or trace.")]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="Only events that contain this text.")]
Oldest = Annotated[
    bool, typer.Option("--oldest-first", help="Show the oldest first. Default: the newest first.")
]
Everything = Annotated[bool, typer.Option("--all", "-a", help="Also show events of the parts of a resource.")]
Utc = Annotated[bool, typer.Option("--utc", help="Show times in UTC instead of local time.")]
AtMost = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Maximum number of events.")]


def who(event: Document) -> str:
    """Return the actor and the source address."""
    name = event["actorname"] if event["actor"].startswith("system:") else f"key {event['actorname']}"
    return f"{name} ({event['sourceip']})" if event["sourceip"] else name


def _columns(time: Callable[[str], str]) -> tuple[Column, ...]:
    return (
        Column("POSITION", itemgetter("position")),
        Column("TIME", lambda event: time(event["time"])),
        Column("WHO", who),
        Column("KIND", itemgetter("resourcekind")),
        Column("WHAT", lambda event: f"{'  ' if event['follows'] else ''}{event['summary']}"),
        Column("CAUSE", itemgetter("causationid")),
    )


def _of_resources(
    *,
    resource: Resource = None,
    kind: Kind = None,
    account: Account = None,
    from_: From = None,
    to: To = None,
) -> dict[str, str | None]:
    return {"resource": resource, "kind": kind, "account": account, "from": from_, "to": to}


def _of_events(
    *, type_: Type = None, actor: Actor = None, correlation: Correlation = None, text: Text = None
) -> dict[str, str | None]:
    return {"type": type_, "actor": actor, "correlation": correlation, "text": text}


ResourceFilters = Annotated[dict[str, str | None], Call(_of_resources)]
EventFilters = Annotated[dict[str, str | None], Call(_of_events)]


def timeline(
    resources: ResourceFilters,
    events: EventFilters,
    limit: AtMost = 100,
    how: EventOutput = "table",
    *,
    oldest_first: Oldest = False,
    everything: Everything = False,
    utc: Utc = False,
) -> None:
    """Show events: time, actor, resource, what happened, and the position of the event that caused it.

    Events of the same request are grouped.
    """
    order = "oldest" if oldest_first else "newest"
    with connected() as client:
        pages = client.page_by_page("/api/timeline", limit, **resources, **events, order=order)
        if how == "ndjson":
            for page in pages:
                write_lines(page)
            return
        found = [event for page in pages for event in page]
    if how == "table":
        groups = grouped(found, newest_first=not oldest_first, with_parts=everything)
        _show(groups, moments.utc if utc else moments.local)
    else:
        names = [str(each["position"]) for each in found]
        output.write(how, found, lambda: output.table((), found), names)


def _show(groups: Sequence[Group], time: Callable[[str], str]) -> None:
    rows = [{**event, "follows": event is not group.events[0]} for group in groups for event in group.events]
    output.write("table", rows, lambda: output.table(_columns(time), rows), ())
    if not rows:
        output.say("no event matches")
    if hidden := sum(group.hidden for group in groups):
        output.say(f"{hidden} events of parts are not shown; add `--all` to see them")


def write_lines(events: Sequence[Document]) -> None:
    """Print a line of JSON per event."""
    for event in events:
        sys.stdout.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()
