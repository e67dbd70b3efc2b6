"""The user and password of a managed server.

A password is changed in two steps: the next one is stored beside the current one until the server accepts it and
refuses the other. Wherever that is interrupted, it ends with one password that works.
"""

from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who uses a server, and the ids under which the passwords are sealed."""

    username: str
    login_id: str
    next_login_id: str | None = None
    """The next password, while the server has not accepted it yet."""

    def rotation_requested(self, login_id: str) -> "Credentials":
        """Return the credentials with a next password."""
        return replace(self, next_login_id=login_id)

    def rotated(self) -> "Credentials":
        """Return the credentials after the server accepted the next password."""
        return Credentials(self.username, self.next_login_id or self.login_id)

    def replaced(self, login_id: str) -> "Credentials":
        """Return the credentials with another password in place of the current one."""
        return replace(self, login_id=login_id)

    @property
    def secrets(self) -> list[UUID]:
        """The ids of every password."""
        return [UUID(each) for each in (self.login_id, self.next_login_id) if each is not None]
