"""Why a resource is as it is, in words: from what is now back to a key or the set-up; pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from projections.document import Document

Event = Mapping[str, Any]


def why(document: Document, chain: Sequence[Event]) -> str:
    """Return one sentence of clauses with semicolons: the status and since when, then what led to it, newest first.

    ``chain`` holds CloudEvents, newest first. Events of one type are listed once, with how often they happened.
    """
    return "; ".join(_clauses(document, chain))


def _clauses(document: Document, chain: Sequence[Event]) -> Iterator[str]:
    newest, *rest = chain
    told = _Times(newest)
    yield _head(document, newest, told)
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in rest:
        groups.setdefault((event["subject"], event["type"]), []).append(event)
    # That it had been what it is now, before, explains nothing.
    groups.pop((newest["subject"], newest["type"]), None)
    for events in groups.values():
        yield _clause(document, events, told)


def _head(document: Document, newest: Event, told: "_Times") -> str:
    since = f"{document['status']} since {told(newest['time'])}"
    explains = document["status_reason"] or newest["resourceversion"] == 1 or not _is_system(newest)
    return f"{since}: {_phrase(newest)}{_who(newest)}" if explains else since


def _clause(document: Document, events: Sequence[Event], told: "_Times") -> str:
    last = events[0]
    about = "" if last["subject"] == document["id"] else f"{last['resourcekind']} {last['resourcename']} "
    times = f", {len(events)} times since {told(events[-1]['time'])}" if len(events) > 1 else ""
    return f"{about.replace('_', ' ')}{_phrase(last)} at {told(last['time'])}{times}{_who(last)}"


def _phrase(event: Event) -> str:
    return event["summary"].removeprefix(f"{event['resourcename']} ")


def _who(event: Event) -> str:
    if event["actor"] == "system:setup":
        return " by the set-up of the cloud"
    if _is_system(event):
        return ""
    origin = f" from {event['sourceip']}" if event["sourceip"] else ""
    return f" by key `{event['actorname']}`{origin}"


def _is_system(event: Event) -> bool:
    return event["actor"].startswith("system:")


class _Times:
    """Writes the day only where it is another one than that of the newest event."""

    def __init__(self, newest: Event) -> None:
        self._day = newest["time"][:10]
        self._is_first = True

    def __call__(self, instant: str) -> str:
        time = datetime.fromisoformat(instant).strftime("%H:%M:%SZ")
        if instant[:10] == self._day and not self._is_first:
            return time
        self._is_first = False
        return f"{instant[:10]} {time}"
