"""Parses and formats moments: ``10m ago``, ``2026-11-23 14:00``, RFC 3339, or a position of the log."""

import re
import time
from datetime import UTC, datetime, timedelta

from domain import moments

_RELATIVE = re.compile(r"(\d{1,9})\s*([a-z]+)(?:\s+ago)?", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}


def now() -> datetime:
    """Return the current time of this machine."""
    return datetime.fromtimestamp(time.time(), UTC)


def past(text: str) -> str:
    """Return a moment in the form that the API takes. Raises ValueError with the accepted forms."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return text
    instant = _instant(text) or _from_now(text, -1)
    if instant is None:
        raise ValueError(
            "must be a moment such as `10m ago`, `2 hours ago`, `2026-11-23 14:00` (local time) or "
            f"`2026-11-23T14:00:00Z`, or a position such as `120`; not {text!r}"
        )
    return instant.isoformat()


def future(text: str) -> str:
    """Return a future instant, from ``30d`` or an instant. Raises ValueError with the accepted forms."""
    text = text.strip()
    instant = _instant(text) or _from_now(text, +1)
    if instant is None:
        raise ValueError(
            "must be a moment such as `30d`, `12 hours`, `2026-11-23 14:00` (local time) or "
            f"`2026-11-23T14:00:00Z`; not {text!r}"
        )
    return instant.isoformat()


def is_instant(value: object) -> bool:
    """Return whether a value of a document is an instant."""
    return isinstance(value, str) and _INSTANT.fullmatch(value) is not None


def utc(instant: str) -> str:
    """Return an instant of a document in UTC, to the second."""
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def seconds_between(earlier: str, later: str) -> float:
    """Return how many seconds lie between two instants of documents."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def local(instant: str) -> str:
    """Return an instant of a document in local time, to the second."""
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(instant: str) -> str:
    """Return how long ago an instant of a document was, roughly: ``12s``, ``5m``, ``3h``, ``9d``."""
    seconds = max(0, int((now() - datetime.fromisoformat(instant)).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _from_now(text: str, direction: int) -> datetime | None:
    match = _RELATIVE.fullmatch(text)
    if match is None or (unit := _UNITS.get(match[2].lower())) is None:
        return None
    try:
        return now() + direction * timedelta(seconds=int(match[1]) * unit)
    except OverflowError:
        return None


def _instant(text: str) -> datetime | None:
    # A date alone, or a week number, is more likely a mistake than midnight.
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text):
        return None
    found = moments.parse(text)
    try:
        return found and found.astimezone()
    except OverflowError:
        return None
