"""Timestamps of the engine."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """Return a timestamp, truncated to microseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)


def moment_or_none(text: str) -> datetime | None:
    """Return a timestamp, or None for the year 1, which the engine writes for no time."""
    return None if text.startswith("0001-") else moment(text)


def from_nanoseconds(nanoseconds: int) -> datetime:
    """Return a timestamp given in nanoseconds since 1970, truncated to microseconds."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
