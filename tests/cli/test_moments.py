"""Parsing of moments."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from miniaws.cli import moments


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m ago", 600),
        ("2 hours ago", 7200),
        ("1 day", 86400),
        ("90s", 90),
        ("  3 Minutes AGO ", 180),
        ("0s", 0),
    ],
)
def test_a_span_is_counted_back_from_now(text: str, seconds: int) -> None:
    before = datetime.now(UTC)
    found = datetime.fromisoformat(moments.past(text)) + timedelta(seconds=seconds)
    assert before - timedelta(milliseconds=1) <= found <= datetime.now(UTC)


def test_a_time_without_a_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-5")  # five hours ahead, as POSIX writes it
    time.tzset()
    try:
        assert moments.past("2026-11-23 14:00") == "2026-11-23T14:00:00+05:00"
        assert moments.past("2026-11-23T14:00:30") == "2026-11-23T14:00:30+05:00"
        assert moments.local("2026-11-23T09:00:00+00:00") == "2026-11-23 14:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_instant_with_a_zone_is_that_instant() -> None:
    found = datetime.fromisoformat(moments.past("2026-11-23T14:00:00.250Z"))
    assert found == datetime(2026, 11, 23, 14, 0, 0, 250_000, UTC)


def test_a_position_stays_a_position() -> None:
    assert moments.past("120") == "120"


def test_what_expires_is_counted_forward() -> None:
    assert datetime.fromisoformat(moments.future("30d")) > datetime.now(UTC) + timedelta(days=29)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-11-23", "10 parsecs", "-5m", "2026-13-01 10:00", "9" * 9 + "d", "1h30m", "²"],
)
def test_anything_else_is_told_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a moment such as"):
        moments.past(text)
    with pytest.raises(ValueError, match=r"^must be a moment such as"):
        moments.future(text)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(5, "5s"), (119, "119s"), (300, "5m"), (7300, "2h"), (9 * 86400, "9d"), (-5, "0s")]
)
def test_an_age_is_rough(seconds: int, shown: str) -> None:
    assert moments.age((datetime.now(UTC) - timedelta(seconds=seconds, milliseconds=1)).isoformat()) == shown
