"""What the application needs of the machine itself: time, randomness, and counts that its processes share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


class Clock(Protocol):
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class RandomSource(Protocol):
    """Generates ids, secrets and keys that nobody can guess."""

    def uuid(self) -> UUID:
        """Return a new random id."""
        ...

    def secret(self) -> str:
        """Return a new secret of 256 bits that is safe in a header."""
        ...

    def private_key(self) -> EllipticCurvePrivateKey:
        """Return a new private key, to be sealed or forgotten."""
        ...


class KeyDerivation(Protocol):
    """Derives secrets from the master key, so that nothing of them has to be stored."""

    def derive(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that nobody can compute without the master key: the same for the same purpose and text."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: ``per_s`` tokens a second, ``burst`` at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a bucket holds."""

    remaining: int
    """Tokens that can be taken now."""
    wait_s: float
    """Seconds until the tokens that were asked for can be taken; 0 when they were taken."""
    full_in_s: float
    """Seconds until the bucket is full again."""


class Rates(Protocol):
    """Limits that all processes of this host share. It forgets keys rather than grow."""

    def take(self, key: str, rate: Rate, tokens: int = 1) -> Allowance:
        """Take tokens from the bucket of a key, or none of them when it has too few. 0 tokens only asks for one."""
        ...
