"""Tools about resources: ``list``, ``show``, ``why``, ``metrics`` and ``logs``."""

import math
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from miniaws.cli import moments
from miniaws.cli.failures import REFUSED, Failure
from miniaws.cli.mcp.asking import Asking, AsOf, Cursor, Kind, Limit, Moment, Name, at
from miniaws.cli.noun import Document

_POINTS = 60
"""About as many points of a metric are shown: enough for a shape, and short to read."""
_HOUR_S = 3600
_LONGEST_LINE = 1000
_LINES_TO_SEARCH = 10_000
"""The newest lines among which those before a moment are found."""
_SHORT = ("kind", "name", "id", "status", "status_reason", "tags", "created_at")

Status = Annotated[
    str | None,
    Field(
        description="Only resources with this status, e.g. running, available, error; terminated and deleted "
        "show those of the last 24 hours."
    ),
]
Tag = Annotated[
    dict[str, str] | None,
    Field(description="Only resources with all these tags.", examples=[{"app": "shop"}]),
]
EndedSince = Annotated[
    Moment | None, Field(description="Also resources that were terminated or deleted since this moment.")
]
Start = Annotated[
    str | None,
    Field(description="Start: RFC 3339 or e.g. `2h ago`. Default: an hour before `as_of`."),
]
Tail = Annotated[int, Field(ge=1, le=1000, description="Only the last lines.")]


class ResourceTools(Asking):
    """Reads of single resources."""

    def list_resources(
        self,
        *,
        kind: Kind = None,
        status: Status = None,
        tag: Tag = None,
        ended_since: EndedSince = None,
        as_of: AsOf = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Document:
        """List resources of every kind, in short: kind, name, id, status. Use `show` for all fields of one."""
        filters = {"kind": kind, "status": status, "tag": tag_filters(tag), "ended_since": ended_since}
        found = self._read("/api/resources", **filters, as_of=as_of, limit=limit, cursor=cursor)
        found["items"] = [{key: each[key] for key in _SHORT if each[key]} for each in found["items"]]
        return found

    def show(
        self,
        *,
        name: Name,
        kind: Kind = None,
        history: Annotated[
            bool, Field(description="Also every earlier version, with what changed, by whom and why.")
        ] = False,
        as_of: AsOf = None,
    ) -> Document:
        """Show all fields of one resource: `spec` is what was asked for, `observed` is what is there."""
        with self._connect() as client:
            resource, position = client.read_at_position(_one(name), kind=kind, as_of=as_of)
            shown: Document = {"resource": resource, "position": position}
            if history:
                versions = client.read(_one(resource["id"], "history"), as_of=position)
                shown["history"] = [
                    {
                        **{key: each[key] for key in ("position", "version", "status", "status_reason")},
                        "changes": each["changes"],
                        **told(each["event"]),
                    }
                    for each in versions["items"]
                ]
            return shown

    def why(self, name: Name, kind: Kind = None, as_of: AsOf = None) -> Document:
        """Explain the state of a resource: the chain of causes back to the person or key that started it."""
        found = self._read(_one(name, "why"), kind=kind, as_of=as_of)
        return {**found, "chain": [told(event) for event in found["chain"]]}

    def metrics(self, name: Name, kind: Kind = None, since: Start = None, as_of: AsOf = None) -> Document:
        """Show the measured CPU, memory and network usage of a resource, and its request rates if it has any."""
        start = None if since is None else moments.past(since)
        with self._connect() as client:
            resource, position = client.read_at_position(_one(name), kind=kind, as_of=as_of)
            found = client.read(
                at(resource["kind"], resource["id"], "metrics"),
                **{"from": start},
                as_of=as_of or position,
                step=_step(start, as_of),
            )
        measured = [point for point in found.pop("points") if point["samples"]]
        columns = {name: [point[name] for point in measured] for name in ("at", *found["units"])}
        return {**found, "points": {name: column for name, column in columns.items() if any(column)}}

    def logs(self, name: Name, tail: Tail = 100, as_of: AsOf = None) -> Document:
        """Show what the program of an instance printed, with the time of each line, the oldest line first."""
        with self._connect() as client:
            instance, position = client.read_at_position(_one(name), kind="instance", as_of=as_of)
            until = _time_of(client.read("/api/timeline", to=position, limit=1), as_of)
            path = at("instance", instance["id"], "logs")
            count = tail if until is None else _LINES_TO_SEARCH
            with client.stream(path, tail=count, timestamps=True) as stream:
                lines = [line[:_LONGEST_LINE] for line in stream if until is None or _is_before(line, until)]
        shown = {key: instance[key] for key in ("id", "name", "status")}
        return {**shown, "lines": lines[-tail:], "position": position}


def told(event: Document) -> Document:
    """Return the members of an event that answer who, what, when and why."""
    return {
        "position": event["position"],
        "time": event["time"],
        "who": event["actorname"],
        "kind": event["resourcekind"],
        "resource": event["resourcename"],
        "type": event["type"],
        "summary": event["summary"],
        "caused_by": event["causationid"],
        "request": event["correlationid"],
    }


def tag_filters(tags: dict[str, str] | None) -> list[str]:
    """Return tags as filters of the API."""
    return [f"{key}={value}" for key, value in (tags or {}).items()]


def _one(name: str, action: str = "") -> str:
    path = f"/api/resources/{quote(name, safe='')}"
    return f"{path}/{action}" if action else path


def _step(start: str | None, as_of: str | None) -> int:
    """Return the seconds between points, so that there are about as many as are wanted."""
    if start is None:
        return _HOUR_S // _POINTS
    if not moments.is_instant(start):
        raise Failure("cannot read metrics from a position: give `since` as a time", REFUSED)
    end = as_of if as_of is not None and moments.is_instant(as_of) else moments.now().isoformat()
    return max(1, math.ceil(moments.seconds_between(start, end) / _POINTS))


def _time_of(newest: Document, as_of: str | None) -> datetime | None:
    """Return the time of a moment; None for now. A position has the time of its event."""
    if as_of is None:
        return None
    return datetime.fromisoformat(as_of if moments.is_instant(as_of) else newest["items"][0]["time"])


def _is_before(line: str, until: datetime) -> bool:
    return datetime.fromisoformat(line.partition(" ")[0]) <= until
