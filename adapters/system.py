"""The clock and the random numbers of the machine."""

import secrets
from datetime import UTC, datetime
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)


class SystemClock:
    """The system clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock


class SystemRandomSource:
    """Generates unpredictable ids, secrets and keys."""

    def uuid(self) -> UUID:
        """Return a new random id."""
        return uuid4()

    def secret(self) -> str:
        """Return a new secret of 256 bits, as letters, digits, - and _."""
        return secrets.token_urlsafe(32)

    def private_key(self) -> EllipticCurvePrivateKey:
        """Return a new private key on the curve P-256."""
        return generate_private_key(SECP256R1())
