"""``cloud events``: recent events, and new ones as they happen. A lost stream is resumed at its position."""

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from miniaws.cli import moments, output, timeline
from miniaws.cli.connection import connected
from miniaws.cli.failures import NO_ANSWER, NOT_PERMITTED, Failure
from miniaws.cli.filters import ANY, From, Kind, Resource, Type
from miniaws.cli.noun import Document

if TYPE_CHECKING:
    from miniaws.cli.client import Client

_RECENT = 20
"""How many events are shown when no number is given."""
_STREAM = "/api/dashboard/stream"
_READ_TIMEOUT_S = 40.0
"""The API sends a heartbeat every 15 s."""
_FIRST_DELAY_S = 0.2
_MAX_DELAY_S = 5.0

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Wait for new events until interrupted.")]
LineFormat = Annotated[
    Literal["table", "ndjson"], typer.Option("--output", "-o", help="Output format: one event per line.")
]
AtMost = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help=f"Maximum number of events. Default: {_RECENT}; no maximum with `--follow`.",
    ),
]


def events(
    resource: Resource = None,
    kind: Kind = None,
    type_: Type = None,
    from_: From = None,
    limit: AtMost = None,
    how: LineFormat = "table",
    *,
    follow: Follow = False,
) -> None:
    """Show recent events, the newest last. With `--follow`, wait for new ones; each is shown exactly once."""
    filters: dict[str, str | None] = {"kind": kind, "type": type_}
    with connected(None) as client:
        if resource is not None:
            filters["resource"] = client.read(ANY.at(resource), kind=kind)["id"]
        if follow:
            after = client.read("/api/timeline", to=from_, limit=1)["position"]
            _follow(client, after, filters, how, limit)
            return
        order = "newest" if from_ is None else "oldest"
        span = {"from": from_, "order": order}
        most = limit or _RECENT
        found = client.pages("/api/timeline", most + 1, **filters, **span)
    shown = found[:most]
    for event in shown if from_ else reversed(shown):
        _print(event, how)
    if from_ and len(found) > most:
        output.say(f"more events follow: add `--limit`, or `--from {shown[-1]['position']}`")


def _follow(
    client: "Client", after: int, filters: dict[str, str | None], how: str, limit: int | None
) -> None:
    try:
        for count, event in enumerate(followed(client, after, filters), 1):
            _print(event, how)
            if count == limit:
                return
    except KeyboardInterrupt:
        return  # Ctrl-C is how it is stopped


def followed(client: "Client", after: int, filters: dict[str, str | None]) -> Iterator[Document]:
    """Yield every event after a position, without end; reconnect whenever the stream is lost."""
    delay = _FIRST_DELAY_S
    while True:
        try:
            params = {**filters, "include": "events", "from": after}
            with client.stream(_STREAM, read_timeout_s=_READ_TIMEOUT_S, **params) as lines:
                for event in _events(lines):
                    delay = _FIRST_DELAY_S
                    after = event["position"]
                    yield event
        except Failure as failure:
            if failure.exit_code != NO_ANSWER:
                raise
            output.say(f"the stream was lost, resuming after position {after}: {failure}", "yellow")
        time.sleep(delay)  # noqa: TID251 - there is no event to wait for
        delay = min(2 * delay, _MAX_DELAY_S)


def _events(lines: Iterator[str]) -> Iterator[Document]:
    """Yield the events of a stream until it is cut. Raises Failure when it has ended for good."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data" and name == "cut":
            return
        elif field == "data" and name == "end":
            raise Failure(f"cannot follow events any longer: {json.loads(value)['reason']}", NOT_PERMITTED)
        elif field == "data":
            yield json.loads(value)


def _print(event: Document, how: str) -> None:
    if how == "ndjson":
        timeline.write_lines([event])
        return
    time_ = moments.local(event["time"])
    summary = output.text(event["summary"])
    kind = event["resourcekind"].replace("_", " ")
    sys.stdout.write(f"{event['position']:>8}  {time_}  {timeline.who(event)}: {kind} {summary}\n")
    sys.stdout.flush()
