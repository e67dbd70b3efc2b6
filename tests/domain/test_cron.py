"""Cron schedules."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import cron
from domain.cron import MOST_MISSED, DueTime
from domain.errors import Invalid
from tests.domain.refusals import refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def following(expression: str, after: datetime, count: int, timezone: str = "UTC") -> list[str]:
    found: list[str] = []
    for _ in range(count):
        moment = cron.next_at(expression, after, timezone)
        assert moment is not None
        found.append(f"{moment:%m-%d %H:%M}")
        after = moment
    return found


def test_something_is_due_at_each_moment_of_its_schedule() -> None:
    assert cron.due("0 * * * *", NOON, NOON + HOUR * 0.99) is None
    assert cron.due("0 * * * *", NOON, NOON + HOUR) == DueTime(NOON + HOUR)
    assert cron.due("0 * * * *", NOON, NOON + HOUR + timedelta(microseconds=1)) == DueTime(NOON + HOUR)


def test_after_an_outage_the_newest_moment_is_due_and_the_others_are_counted() -> None:
    assert cron.due("0 * * * *", NOON, NOON + HOUR * 4.5) == DueTime(NOON + 4 * HOUR, 3, NOON + 3 * HOUR)


@pytest.mark.parametrize("days", [1, 3, 30, 3650])
def test_however_long_the_outage_was_one_moment_is_due_and_it_is_the_newest(days: int) -> None:
    now = NOON + days * DAY + timedelta(seconds=7)
    found = cron.due("* * * * *", NOON, now)
    assert found == DueTime(NOON + days * DAY, MOST_MISSED, NOON + days * DAY - MINUTE)
    assert cron.due("* * * * *", NOON + days * DAY, now) is None


@settings(deadline=None, max_examples=60)  # a walk of minutes is long
@given(
    st.sampled_from(
        ["* * * * *", "*/7 * * * *", "0 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 */5 * * *"]
    ),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(0, 270 * 86400).map(lambda seconds: MARCH + timedelta(seconds=seconds)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)
def test_what_is_due_is_what_a_walk_through_all_moments_finds(
    expression: str, timezone: str, since: datetime, outage: timedelta
) -> None:
    now, walked, at = since + outage, list[datetime](), since
    while (moment := cron.next_at(expression, at, timezone)) is not None and moment <= now:
        walked.append(moment)
        at = moment
    assert all(one < other for one, other in pairwise([since, *walked]))
    found = cron.due(expression, since, now, timezone)
    if not walked:
        assert found is None
        return
    missed = walked[:-1]
    assert found is not None
    assert found.at == walked[-1]
    assert found.missed == min(len(missed), MOST_MISSED)
    assert found.missed_until == (missed[-1] if missed else None)


@pytest.mark.parametrize(
    ("expression", "moments"),
    [
        ("0 3 * mar thu", ["03-04 03:00", "03-11 03:00"]),
        ("0 3 13 * fri", ["11-27 03:00", "12-04 03:00", "12-11 03:00", "12-13 03:00"]),  # one day is enough
        ("0 3 */2 * mon", ["12-07 03:00", "12-21 03:00"]),  # begins with *: both must match
        ("0 3 L * *", ["11-30 03:00", "12-31 03:00"]),
        ("0 3 LW * *", ["11-30 03:00", "12-31 03:00", "01-29 03:00"]),
        ("0 3 * * 5#2", ["12-11 03:00", "01-08 03:00"]),
        ("0 22-1 * * *", ["11-23 22:00", "11-23 23:00", "11-24 00:00", "11-24 01:00"]),
        ("50-10/10 0 * * *", ["11-24 00:00", "11-24 00:10", "11-24 00:50"]),
        (
            "0 3 28-2 * *",
            ["11-28 03:00", "11-29 03:00", "11-30 03:00", "12-01 03:00", "12-02 03:00", "12-28 03:00"],
        ),
        ("0 3 1 nov-jan *", ["12-01 03:00", "01-01 03:00", "11-01 03:00"]),
        ("0 3 * * fri-mon", ["11-27 03:00", "11-28 03:00", "11-29 03:00", "11-30 03:00", "12-04 03:00"]),
        ("0 3 * * 7-1", ["11-29 03:00", "11-30 03:00", "12-06 03:00"]),
        ("0 3 ? * l5", ["11-27 03:00", "12-25 03:00"]),
        ("0 0 29 2 *", ["02-29 00:00"]),
    ],
)
def test_an_expression_says(expression: str, moments: list[str]) -> None:
    cron.check(expression, "schedule")
    assert following(expression, NOON, len(moments)) == moments


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("* * * *", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("61 * * * *", "five fields"),
        ("* 24 * * *", "five fields"),
        ("* * 0 * *", "five fields"),
        ("* * * * 8", "five fields"),
        ("H 3 * * *", "five fields"),
        ("R 3 * * *", "five fields"),
        ("? 3 * * *", "five fields"),
        ("99-2 * * * *", "five fields"),
        ("*/0 * * * *", "five fields"),
        ("22-2/0 * * * *", "five fields"),
        ("\u0663 3 * * *", "five fields"),
        ("0 3 * 13 *", "month"),
        ("0 3 * foo *", "month"),
        ("0 0 31 2 *", "must match a date"),
        ("0 0 31 4,6,9,11 *", "must match a date"),
        (",".join(["1"] * 60) + " * * * *", "five fields"),
    ],
)
def test_an_expression_that_says_nothing_is_refused(wrong: str, words: str) -> None:
    with refused(Invalid, words, field="schedule"):
        cron.check(wrong, "schedule")


@given(st.text(alphabet="0123456789*/-,LW#?HRmonSUjan \n\u0664@", max_size=30))
def test_whatever_an_event_holds_is_read_without_an_error(text: str) -> None:
    cron.next_at(text, NOON)
    cron.due(text, NOON, NOON + DAY)
    try:
        cron.check(text, "schedule")
    except Invalid:
        return
    assert cron.next_at(text, NOON) is not None


def test_a_moment_that_the_clocks_skip_is_due_as_soon_as_they_have() -> None:
    # 2026-03-29 in Berlin: 02:00 is followed by 03:00.
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert following("30 2 * * *", before, 3, BERLIN) == ["03-29 01:00", "03-30 00:30", "03-31 00:30"]
    assert cron.due("30 2 * * *", before, datetime(2026, 3, 29, 1, tzinfo=UTC), BERLIN) == DueTime(
        datetime(2026, 3, 29, 1, tzinfo=UTC)
    )


def test_a_moment_that_the_clocks_show_twice_is_due_once() -> None:
    # 2026-10-25 in Berlin: after 02:59 it is 02:00 again.
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert following("30 2 * * *", before, 2, BERLIN) == ["10-25 00:30", "10-26 01:30"]
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for minutes in range(0, 24 * 60, 5):
        now = first + timedelta(minutes=minutes)
        assert cron.due("30 2 * * *", before, now, BERLIN) == DueTime(first)
        assert cron.due("30 2 * * *", first, now, BERLIN) is None


def test_what_runs_every_so_often_follows_elapsed_time() -> None:
    before = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert following("*/30 * * * *", before, 4, BERLIN) == [
        "10-25 00:00",
        "10-25 00:30",
        "10-25 01:00",
        "10-25 01:30",
    ]


def test_a_time_zone_that_is_not_known_here_has_no_moments() -> None:
    for unknown in ("Mars/Olympus", "../etc/passwd", "", "\0"):
        assert cron.next_at("0 3 * * *", NOON, unknown) is None
        assert cron.due("0 3 * * *", NOON, NOON + 9 * DAY, unknown) is None


def test_the_ends_of_time_are_no_error() -> None:
    assert cron.next_at("0 3 * * *", datetime.max.replace(tzinfo=UTC)) is None
    assert cron.due("0 3 * * *", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)) is None
