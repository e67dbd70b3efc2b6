"""When a scheduled action is due."""

from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from domain.scaling_group.policies import Scheduled


def newest_due(action: Scheduled, since: datetime, now: datetime) -> datetime | None:
    """Return the newest time of the action after ``since`` and not after ``now``.

    Of several that were missed, only the newest counts: the sizes of the others would not have lasted.
    """
    try:
        # The library looks for times before its start, so it starts a moment after now.
        due: datetime = croniter(action.cron, _after(now, action)).get_prev(datetime)
    except CroniterBadDateError:
        return None
    return due if due > since else None


def next_due(action: Scheduled, now: datetime) -> datetime | None:
    """Return the next time of the action, None when the calendar has none, such as February 31."""
    try:
        return croniter(action.cron, now.astimezone(ZoneInfo(action.timezone))).get_next(datetime)
    except CroniterBadDateError:
        return None


def _after(now: datetime, action: Scheduled) -> datetime:
    local = now.astimezone(ZoneInfo(action.timezone))
    return local.replace(microsecond=max(local.microsecond, 1))
