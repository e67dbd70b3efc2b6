"""RFC 3339 timestamps."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import moments

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23t12:00:00z", NOON),
        ("2026-11-23T12:00:00z", NOON),
        ("2026-11-23 12:00:00Z", NOON),
        ("2026-11-23T12:00Z", NOON),
        ("2026-11-23T14:00:00+02:00", NOON),
        ("2026-11-23t12:00:00-00:00", NOON),
        ("2026-11-23T12:00:00.250z", NOON + timedelta(milliseconds=250)),
        ("2026-11-23T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("2026-11-23T11:59:60Z", NOON),
        ("2026-11-23t13:59:60+02:00", NOON),
        ("2026-11-23T11:59:60.5Z", NOON + timedelta(milliseconds=500)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_rfc_3339_writes_it(text: str, instant: datetime) -> None:
    found = moments.instant(text)
    assert found == instant
    assert found is not None
    assert found.tzinfo == UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T12:00:00",
        "2026-11-23T12:00:61Z",
        "2026-11-23T12:60:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-31T12:00:00Z",
        "2026-11-23T12:00:00+25:00",
        "9999-12-31T23:59:60Z",
        "2026-11-23T12:00:00Zz",
        "\uff12026-11-23T12:00:00Z",
        "\ud800",
    ],
)
def test_anything_else_is_no_instant(text: str) -> None:
    assert moments.instant(text) is None


@given(st.datetimes(timezones=st.timezones()), st.booleans())
def test_every_instant_that_is_written_is_read_back(instant: datetime, is_lower: bool) -> None:  # noqa: FBT001
    text = instant.isoformat()
    found = moments.instant(text.lower() if is_lower else text)
    try:
        assert found == instant.astimezone(UTC)
    except OverflowError:
        assert found is not None
        assert found.year in {1, 9999}


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(60|\d\d)(\.\d{1,9})?([zZ]|[+-]\d\d:\d\d)"))
def test_whatever_the_text_is_nothing_breaks(text: str) -> None:
    found = moments.instant(text)
    assert found is None or found.tzinfo == UTC
