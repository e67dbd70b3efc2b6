"""The clock and chance of the machine."""

import secrets
from datetime import UTC, datetime
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)


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

    def private_key(self) -> EllipticCurvePrivateKey:
        """Return a new private key on the curve P-256."""
        return generate_private_key(SECP256R1())
