"""One call of an operation: who makes it, of which moment, and how it may be repeated."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from domain.access_key import Role
from domain.store import Cause
from miniaws import application
from miniaws.application import Cloud


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that has signed a request."""

    key_id: str
    key_name: str
    account_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Moment:
    """The position and the instant that a request reads."""

    position: int
    instant: datetime
    is_now: bool


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation knows besides its arguments."""

    cloud: Cloud
    caller: Caller
    region: str
    moment: Moment
    cause: Cause
    repeat: str
    """By which a repeated request is recognized."""
    fingerprint: str
    """A digest of the request, to tell a repeated request from another one."""

    @property
    def account(self) -> str:
        """The account of the caller."""
        return self.caller.account_id

    def request(self, part: str = "", expected_version: int | None = None) -> application.Request:
        """Return the request for a command; ``part`` tells the commands of one call apart."""
        key = hashlib.sha256(f"{self.repeat} {part}".encode()).hexdigest()
        return application.Request(self.cause, f"aws-{key}", self.fingerprint, expected_version)
