"""The engine's way to write times."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """Return a time, cut to microseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)


def moment_or_none(text: str) -> datetime | None:
    """Return a time; the engine writes the year 1 for a time that has not come."""
    return None if text.startswith("0001-") else moment(text)


def from_nanoseconds(nanoseconds: int) -> datetime:
    """Return a time given in nanoseconds since 1970, cut to microseconds."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
