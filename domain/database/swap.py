"""Swaps: a restored database takes the place of the one that it was restored from.

Rules
-----
* It takes the place when clients can use it: the name, the host port and the current password. Its VPC is the same.
* The database that is replaced is renamed and moved to the trash. It keeps its files and its archive.
* A database with replicas, or one that is deleted meanwhile, is not replaced.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from domain.errors import Conflict

_LONGEST_NAME = 41
"""This much of a name leaves room for what is added, in a name of at most 63 characters."""


class NotReplaceable(Conflict):
    """cannot restore in place of this database"""

    code = "not_replaceable"


@dataclass(frozen=True, slots=True)
class Swap:
    """The database whose place is taken, and how far that is."""

    target_id: str
    target_name: str
    target_publish: int | None
    """The host port of the target."""
    target_login_id: str
    """The id of the password of the target that was copied."""
    began_at: datetime | None = None
    """When the target was replaced: since then, clients have no database."""
    is_complete: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether the place is still to be taken."""
        return self.began_at is None

    @property
    def is_under_way(self) -> bool:
        """Whether the place is taken, and clients have not used it yet."""
        return self.began_at is not None and not self.is_complete

    def place_taken(self, at: datetime) -> "Swap":
        """Return the swap after the place was taken."""
        return replace(self, began_at=at)

    def completed(self) -> "Swap":
        """Return the swap after a client has used the database in its new place."""
        return replace(self, is_complete=True)


def name_beside(name: str, now: datetime) -> str:
    """Return the name of a database until it takes the place of another one."""
    return f"{name[:_LONGEST_NAME].rstrip('-')}-restore-{now.astimezone(UTC):%y%m%d%H%M%S}"


def name_until(name: str, now: datetime) -> str:
    """Return the name of a database that was replaced."""
    return f"{name[:_LONGEST_NAME].rstrip('-')}-until-{now.astimezone(UTC):%Y%m%d-%H%M%S}"
