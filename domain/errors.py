"""Errors a rule or a port can raise.

* DomainError             a command was refused; nothing has changed
  - NotFound              the thing does not exist, or belongs to somebody else
  - Conflict              the thing is in a state that forbids the command
    + NameTaken           a living resource of this kind has the name
    + StaleVersion        the caller decided on an older version
    + KeyReused           an idempotency key came back with another body
  - Invalid               a value can never be right, or not for this resource
  - Forbidden             the caller's role does not permit it
  - Unauthenticated       nobody knows who is asking
  - TooMany               a limit on how many or how often was reached
  - Unavailable           a part of the cloud does not answer at the moment
* PortError               the outside world did not do what was asked
  - Unreachable           it does not answer at all
  - Refused               it answered no, with a reason a user understands
    + ImageMissing        no such image here, and no registry to fetch it from
    + PortTaken           another program listens on the host port
    + RangeInUse          the host cannot use the range of addresses, as another network does
    + InUse               something still uses what should be removed
    + SecretMissing       a password, key or environment is not in the store any more

Every message names the thing and the remedy. A refusal starts with "cannot". Validation starts with the field and says
what it must be; ``must`` in ``domain/values.py`` writes it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_LONGEST_PATH = 200


class DomainError(Exception):
    """cannot do that."""

    code = "refused"

    def __init__(self, message: str | None = None, *, field: str | None = None, **more: Any) -> None:
        super().__init__(message or self.__doc__)
        self.field = field
        self.more = more
        """Further members of the problem document, e.g. ``used_by``."""


@contextmanager
def within(*path: str | int) -> Generator[None]:
    """Prefix the field of an error that is raised inside with the path of what is checked.

    A rule names the field in the terms of the value that it checks. Who knows where that value is in a request adds the
    path, so that an error names e.g. ``listeners.0.rules.2.host``.
    """
    try:
        yield
    except Unavailable:
        raise
    except DomainError as error:
        inside = () if error.field is None else (error.field,)
        field = ".".join(map(str, (*path, *inside)))
        message, named = str(error), f"`{error.field}` must "
        # A path may hold a name that was sent, of any length.
        if message.startswith(named) and field.isprintable() and len(field) <= _LONGEST_PATH:
            error.args = (f"`{field}` must {message.removeprefix(named)}",)
        error.field = field
        raise


class NotFound(DomainError):
    """cannot find it."""

    code = "not_found"


class Conflict(DomainError):
    """cannot do that in the current state."""

    code = "conflict"


class NameTaken(Conflict):
    """cannot use a name that is already taken."""

    code = "name_taken"


class StaleVersion(Conflict):
    """cannot change it: it has changed since it was read; read it again and retry."""

    code = "stale_version"


class KeyReused(Conflict):
    """cannot reuse an idempotency key for a different request; choose a new key."""

    code = "idempotency_key_reused"


class Invalid(DomainError):
    """a field must have a valid value."""

    code = "invalid"


class Forbidden(DomainError):
    """cannot do that with this key's role."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """cannot authenticate the request: send the header `Authorization: miniaws_<key>`."""

    code = "unauthenticated"


class TooMany(DomainError):
    """cannot take more requests at the moment; retry later."""

    code = "too_many_requests"


class Unavailable(DomainError):
    """cannot process the request at the moment; retry later."""

    code = "unavailable"


class PortError(Exception):
    """The outside world did not do what was asked."""


class Unreachable(PortError):
    """It does not answer at all."""


class Refused(PortError):
    """It answered no; the message is a reason a user understands."""


class ImageMissing(Refused):
    """No such image here, and no registry to fetch it from."""


class ImagePending(PortError):
    """The image is being built or fetched; the message says how far that is."""


class PortTaken(Refused):
    """Another program listens on the host port."""


class RangeInUse(Refused):
    """The host cannot use the range of addresses, as another network does."""


class InUse(Refused):
    """Something still uses what should be removed."""


class SecretMissing(Refused):
    """A password, key or environment is not in the store any more."""
