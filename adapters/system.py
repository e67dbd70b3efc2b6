"""The clock and chance of the machine."""

import secrets
from datetime import UTC, datetime
from uuid import UUID, uuid4


class SystemClock:
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock


class SystemChance:
    """Makes what nobody can guess."""

    def uuid(self) -> UUID:
        """Return a new random id."""
        return uuid4()

    def secret(self) -> str:
        """Return a new secret of 256 bits, as letters, digits, - and _."""
        return secrets.token_urlsafe(32)
