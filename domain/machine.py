"""What the application asks of the machine itself: the time, and chance."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class Chance(Protocol):
    """Makes what nobody can guess."""

    def uuid(self) -> UUID:
        """Return a new random id."""
        ...

    def secret(self) -> str:
        """Return a new secret of 256 bits that is safe in a header."""
        ...

    def private_key(self) -> EllipticCurvePrivateKey:
        """Return a new private key, to be sealed or forgotten."""
        ...
