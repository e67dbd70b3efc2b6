"""Moments as RFC 3339 writes them, read the same way by the API, the command and bundles."""

import re
from datetime import UTC, datetime, timedelta

FORM = "an RFC 3339 instant with a time zone, e.g. `2026-11-23T10:02:11Z`"
"""What a text must be, in messages."""
_SECOND_60 = re.compile(r"([T ]\d\d:\d\d:)60(?!\d)", re.ASCII)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """Return a date and time, with its time zone if it has one, or None when the text is not one.

    As RFC 3339 allows, ``t`` and ``z`` may be lower-case, and a leap second is the second after it, as in POSIX.
    """
    plain, leap_seconds = _SECOND_60.subn(r"\g<1>59", text.upper())
    try:
        return datetime.fromisoformat(plain) + timedelta(seconds=leap_seconds)
    except (ValueError, OverflowError):
        return None


def instant(text: str) -> datetime | None:
    """Return an instant in UTC, or None when the text is not one, or has no time zone."""
    found = parse(text)
    if found is None or found.tzinfo is None:
        return None
    try:
        return found.astimezone(UTC)
    except OverflowError:  # an offset leads out of the years 1 to 9999
        return _EARLIEST if found.year == 1 else _LATEST
