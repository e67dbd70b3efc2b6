"""Access keys identify the caller.

Rules
-----
* A key is a random secret that is shown once; only its hash is stored.
* A key belongs to one account and has one role: viewer, operator or admin.
* A revoked or expired key is void.
* An account never loses its last admin key.
* If the request that issued a key may be repeated, the key gets another secret when it is, until its first use. The
  previous secret is void from then on.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict

HASH_SCOPE = "access-key-hash"
FIRST_ACCOUNT = "main"
"""The account of the first key, which runs the cloud; its admins may issue keys for other accounts."""


class KeyAlreadyShown(Conflict):
    """cannot show the key again: only its hash is kept; revoke it and issue another"""

    code = "key_already_shown"


class Role(StrEnum):
    """What a key permits: to read; to change resources; to manage keys, too."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Return whether this role permits what the other one does."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is requested; ``hash`` is the SHA-256 of the secret, in hex.

    ``is_replaceable``: the request may be repeated, which gives the key another secret.
    """

    account_id: str
    name: str
    role: Role
    hash: str
    expires_at: datetime | None = None
    is_replaceable: bool = False


class AccessKey(Aggregate):
    """One key."""

    PREFIX = "key"

    role: Role
    hash: str
    expires_at: datetime | None
    is_replaceable: bool
    is_revoked: bool = False

    class Issued(Aggregate.Created):
        """A key was issued."""

        class_version = 2

        account_id: str
        name: str
        role: str
        hash: str
        expires_at: datetime | None
        is_replaceable: bool

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Assume that the key was used."""
            payload["is_replaceable"] = False

        def apply(self, aggregate: "AccessKey") -> None:
            aggregate.role = Role(self.role)
            aggregate.hash = self.hash
            aggregate.expires_at = self.expires_at
            aggregate.is_replaceable = self.is_replaceable

    class FirstUsed(Aggregate.Event):
        """Somebody signed in with it: its secret is not replaced any more."""

        def apply(self, aggregate: "AccessKey") -> None:
            aggregate.is_replaceable = False

    class SecretReplaced(Aggregate.Event):
        """The answer to its request was requested again: it has another secret, and the previous one is void."""

        hash: str

        def apply(self, aggregate: "AccessKey") -> None:
            aggregate.hash = self.hash

    class Revoked(Aggregate.Event):
        """The key is void."""

        def apply(self, aggregate: "AccessKey") -> None:
            aggregate.is_revoked = True

    @classmethod
    def issue(cls, new: NewKey, now: datetime) -> Self:
        """Issue a key. Raises Invalid when it would be expired from the start."""
        if new.expires_at is not None and new.expires_at <= now:
            raise values.must("expires_at", "be in the future", new.expires_at.isoformat())
        key = cls._create(
            cls.Issued,
            account_id=values.name(new.account_id, "account"),
            name=values.name(new.name),
            role=new.role.value,
            hash=new.hash,
            expires_at=new.expires_at,
            is_replaceable=new.is_replaceable,
        )
        key.conditions.claims += key.held_claims()
        return key

    def report_used(self) -> None:
        """Record its first use; of a key whose secret cannot be replaced, no use is recorded."""
        if self.is_replaceable and not self.is_revoked:
            self.trigger_event(self.FirstUsed)

    def replace_secret(self, hash: str) -> None:  # noqa: A002 - as in the event
        """Replace its secret. Raises KeyAlreadyShown once it was used or revoked."""
        if self.is_revoked:
            raise KeyAlreadyShown(
                f"cannot show the key {self.name} again: it is revoked; issue another", id=self.public_id
            )
        if not self.is_replaceable:
            raise KeyAlreadyShown(
                f"cannot show the key {self.name} again: it has been used, and only its hash is kept; "
                "revoke it and issue another",
                id=self.public_id,
            )
        self.conditions.releases.append(self._hash_claim())
        self.trigger_event(self.SecretReplaced, hash=hash)
        self.conditions.claims.append(self._hash_claim())

    def revoke(self, other_admin: Claim | None) -> None:
        """Revoke the key; an admin key only while another one of the account is valid.

        Raises Conflict when it is the last one. Saving fails when the other one was revoked in between.
        """
        if self.is_revoked:
            return
        if self.role is Role.ADMIN:
            if other_admin is None:
                raise Conflict(
                    f"cannot revoke {self.name}: it is the last admin key; issue another admin key first"
                )
            self.conditions.requires.append(other_admin)
        self.conditions.releases += self.held_claims()
        self.trigger_event(self.Revoked)

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name and its hash and, for an admin key, that the account has one."""
        return [] if self.is_revoked else [self.name_claim(), self._hash_claim(), *self._admin_claims()]

    def _hash_claim(self) -> Claim:
        return Claim(HASH_SCOPE, self.hash, self.id)

    def _admin_claims(self) -> list[Claim]:
        if self.role is not Role.ADMIN:
            return []
        until = self.expires_at.isoformat() if self.expires_at is not None else None
        return [Claim(admin_scope(self.account_id), self.public_id, self.id, until)]


def admin_scope(account_id: str) -> str:
    """Return the scope that lists the admin keys of an account; the note of each says when it expires."""
    return f"admin-keys/{account_id}"


def works_at(admin: Claim, now: datetime) -> bool:
    """Return whether an admin key has not expired."""
    return admin.note is None or datetime.fromisoformat(admin.note) > now
