"""Cron expressions. This is the only module that evaluates them.

Rules
-----
* An expression has five fields: minute, hour, day of month, month, day of week. Names, ranges, lists and steps work as
  in Debian's cron, and so do ``L`` (last), ``LW`` (last weekday of the month) and ``5#2`` (second Friday).
* A range may wrap around (``22-2``, ``fri-mon``), and ``?`` is ``*``.
* Both days must match when the day of month or the day of week starts with ``*``; otherwise one of them is sufficient.
* In a time zone with summer time, a time that is skipped is due immediately after the skip, and one that occurs twice
  is due once, the first time. Schedules of every N minutes or hours follow elapsed time.
* After an outage, only the newest time is due. The number of missed times before it is returned.
* A stored expression that cannot be read is never due. It never prevents its owner from loading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from domain.values import must

MOST_MISSED = 1000
"""Maximum number of missed times that are counted."""
_LONGEST = 100
_FIELDS = 5
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_RANGE = re.compile(r"([0-9]{1,2}|[A-Z]{3})-([0-9]{1,2}|[A-Z]{3})")
_LAST_DAY = re.compile(r"L([0-7])")


@dataclass(frozen=True, slots=True)
class DueTime:
    """The newest time of a schedule that has passed since its last run."""

    at: datetime
    missed: int = 0
    """How many moments before that one passed, at most ``MOST_MISSED``."""
    missed_until: datetime | None = None
    """The newest of these."""


def check(expression: str, field: str) -> None:
    """Raise Invalid unless this is a cron expression of five fields that has a moment to come."""
    fields = expression.split()
    if (
        len(expression) > _LONGEST
        or len(fields) != _FIELDS
        or not _is_readable([*fields[:3], "*", fields[4]])
    ):
        raise must(field, "be a cron expression of five fields, e.g. `0 3 * * *`", expression)
    if not _is_readable(["*"] * 3 + [fields[3], "*"]):
        raise must(field, "have a month from 1 to 12 or from `jan` to `dec`", expression)
    if next_at(expression, datetime(2000, 1, 1, tzinfo=UTC)) is None:
        raise must(field, "match a date, e.g. `0 3 * * *`", expression)


def next_at(expression: str, after: datetime, timezone: str = "UTC") -> datetime | None:
    """Return the first moment after another one, None when there is none or the expression cannot be read."""
    return next(_moments(expression, after, timezone), None)


def due(expression: str, since: datetime, now: datetime, timezone: str = "UTC") -> DueTime | None:
    """Return the newest moment after ``since`` that is not after ``now``, None when there is none."""
    newest = _newest(expression, now, timezone)
    if newest is None or newest <= since:
        return None
    missed, missed_until = 0, None
    for moment in _moments(expression, since, timezone):
        if moment >= newest or missed == MOST_MISSED:
            break
        missed, missed_until = missed + 1, moment
    if missed == MOST_MISSED:
        missed_until = _newest(expression, newest - timedelta(seconds=1), timezone)
    return DueTime(newest, missed, missed_until)


def _newest(expression: str, now: datetime, timezone: str) -> datetime | None:
    zone = time_zone(timezone)
    if zone is None:
        return None
    # The library looks for moments before its start, so it starts a moment after now.
    local = now.astimezone(zone)
    start = local.replace(microsecond=max(local.microsecond, 1))
    found = next((each for each in _simulated(expression, start, reverse=True) if each <= now), None)
    if found is None:
        return None
    # Clocks that are turned back show a moment of the first hour as one that is still to come.
    for later in _moments(expression, found, timezone):
        if later > now:
            break
        found = later
    return found


def _moments(expression: str, after: datetime, timezone: str) -> Iterator[datetime]:
    """Yield the moments after another one, in order."""
    zone = time_zone(timezone)
    if zone is not None:
        for found in _simulated(expression, after.astimezone(zone)):
            # As above: the first one may be before the start, in the hour that the clocks show twice.
            if found > after:
                yield found


def _simulated(expression: str, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    """Yield what the library finds, in UTC."""
    try:
        for found in CronSim(_translated(expression), start, reverse=reverse):
            yield found.astimezone(UTC)
    except (CronSimError, AssertionError, OverflowError):
        return


def _is_readable(fields: list[str]) -> bool:
    try:
        CronSim(_translated(" ".join(fields)), datetime(2000, 1, 1, tzinfo=UTC))
    except (CronSimError, AssertionError):
        return False
    return True


def _translated(expression: str) -> str:
    """Return the expression without what the library does not know: ``?``, ranges that wrap around, ``L5``."""
    fields = expression.upper().split()
    if len(fields) != _FIELDS:
        return ""
    return " ".join(_field(field, bounds) for field, bounds in zip(fields, _BOUNDS, strict=True))


def _field(text: str, bounds: tuple[int, int]) -> str:
    if text == "?" and bounds in (_BOUNDS[2], _BOUNDS[4]):
        return "*"
    return ",".join(_LAST_DAY.sub(r"\1L", _unwrapped(term, bounds)) for term in text.split(","))


def _unwrapped(term: str, bounds: tuple[int, int]) -> str:
    """Return a range that wraps around as the list of its values."""
    spanned, _, step = term.partition("/")
    match, (low, high) = _RANGE.fullmatch(spanned), bounds
    if match is None:
        return term
    first, last = _number(match[1], bounds), _number(match[2], bounds)
    if bounds == _BOUNDS[4] and match[1] == "7":
        return term.replace("7", "0", 1)
    if not low <= last < first <= high:
        return term
    values = [*range(first, high + 1), *range(low, last + 1)]
    every = int(step) if step.isdigit() else 1
    return ",".join(map(str, values[::every])) if every else term


def _number(text: str, bounds: tuple[int, int]) -> int:
    """Return what a value stands for, -1 when it is none."""
    if text.isdigit():
        return int(text)
    names = _MONTHS if bounds == _BOUNDS[3] else _DAYS if bounds == _BOUNDS[4] else ()
    return names.index(text) + bounds[0] if text in names else -1


def time_zone(name: str) -> tzinfo | None:
    """Return the time zone of that name, None when this machine does not know it."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
