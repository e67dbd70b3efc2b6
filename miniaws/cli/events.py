"""``cloud events``: the newest events, and what happens from now on; a lost connection is taken up where it was."""

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from miniaws.cli import moments, output, timeline
from miniaws.cli.connection import connected
from miniaws.cli.failures import NO_ANSWER, NOT_PERMITTED, Failure
from miniaws.cli.narrowing import ANY, From, Kind, Resource, Type
from miniaws.cli.noun import Document

if TYPE_CHECKING:
    from miniaws.cli.client import Client

_STREAM = "/api/dashboard/stream"
_SILENCE_S = 40.0
"""The API sends a heartbeat every 15 s."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until interrupted.")]
LineFormat = Annotated[
    Literal["table", "ndjson"], typer.Option("--output", "-o", help="How events are written, a line each.")
]
AtMost = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="End after so many. Default: 20, or follow.")
]


def events(
    follow: Follow = False,  # noqa: FBT002
    resource: Resource = None,
    kind: Kind = None,
    type_: Type = None,
    from_: From = None,
    limit: AtMost = None,
    how: LineFormat = "table",
) -> None:
    """Show events, the newest last; with --follow, each as it happens, none left out and none twice."""
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
        found = client.pages("/api/timeline", limit or 20, **filters, **span)
    for event in found if from_ else reversed(found):
        _print(event, how)


def _follow(
    client: "Client", after: int, filters: dict[str, str | None], how: str, limit: int | None
) -> None:
    try:
        for count, event in enumerate(followed(client, after, filters), 1):
            _print(event, how)
            if count == limit:
                return
    except KeyboardInterrupt:
        return  # how people end it


def followed(client: "Client", after: int, filters: dict[str, str | None]) -> Iterator[Document]:
    """Yield every event after a position, for ever; connects again whenever the stream is lost."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            params = {**filters, "include": "events", "from": after}
            with client.stream(_STREAM, silence_s=_SILENCE_S, **params) as lines:
                for event in _events(lines):
                    pause = _FIRST_PAUSE_S
                    after = event["position"]
                    yield event
        except Failure as failure:
            if failure.exit_code != NO_ANSWER:
                raise
            output.say(f"lost the stream, goes on after position {after}: {failure}", "yellow")
        time.sleep(pause)  # noqa: TID251 - nothing tells a client when a server is back
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _events(lines: Iterator[str]) -> Iterator[Document]:
    """Yield the events of a stream until it ends or is cut. Raises Failure when it has ended for good."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data" and name == "cut":
            return
        elif field == "data" and name == "end":
            raise Failure(f"cannot follow any longer: {json.loads(value)['reason']}", NOT_PERMITTED)
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
