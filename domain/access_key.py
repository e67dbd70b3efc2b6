"""Access keys say who is asking.

Rules
-----
* A key is a random secret that is shown once; only its hash is kept.
* A key belongs to one account and has one role: viewer, operator or admin.
* A revoked or expired key opens nothing.
* An account never loses its last admin key.
* As long as nobody has used a key whose answer may be asked for again, it may be given another secret; the one before
  opens nothing from then on. The first use ends that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict, Invalid

HASH_SCOPE = "access-key-hash"
FIRST_ACCOUNT = "main"
"""The account of the first key, which runs the cloud; its admins may issue keys for other accounts."""


class KeyAlreadyShown(Conflict):
    """cannot show the key again: only its hash is kept; revoke it and issue another"""

    code = "key_already_shown"


class Role(StrEnum):
    """What a key may do: read; change resources; also manage keys."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Tell whether this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is asked for; ``hash`` is the SHA-256 of the secret, in hex.

    ``is_replaceable`` when the answer may be asked for again, and so another secret be given.
    """

    account_id: str
    name: str
    role: Role
    hash: str
    expires_at: datetime | None = None
    is_replaceable: bool = False


class AccessKey(Aggregate):
    """One way to sign in."""

    PREFIX = "key"

    class Issued(Aggregate.Created):
        """A key was handed out."""

        class_version = 2

        account_id: str
        name: str
        role: str
        hash: str
        expires_at: datetime | None
        is_replaceable: bool

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Leave a key alone of which nobody knows whether it was used."""
            payload["is_replaceable"] = False

    class FirstUsed(Aggregate.Event):
        """Somebody signed in with it: its secret stays."""

    class SecretReplaced(Aggregate.Event):
        """Its answer was asked for again: another secret opens it, the one before opens nothing."""

        hash: str

    class Revoked(Aggregate.Event):
        """The key opens nothing any more."""

    @classmethod
    def issue(cls, new: NewKey, now: datetime) -> Self:
        """Hand out a key. Raises Invalid when it would be expired from the start."""
        if new.expires_at is not None and new.expires_at <= now:
            raise Invalid(
                "cannot issue a key that has expired: choose a time in the future", field="expires_at"
            )
        key = cls(
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
        """Note that somebody signed in with it; of a key whose secret stays anyway, that is not told."""
        if self.is_replaceable and not self.is_revoked:
            self.trigger_event(self.FirstUsed)

    def replace_secret(self, hash: str) -> None:  # noqa: A002 - as in the event
        """Let another secret open it. Raises KeyAlreadyShown once it was used or revoked."""
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
        """Close the key for good; an admin key only while another one of the account works.

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
        """Return its name, its hash and, for an admin key, that the account has one."""
        return [] if self.is_revoked else [self.name_claim(), self._hash_claim(), *self._admin_claims()]

    def _hash_claim(self) -> Claim:
        return Claim(HASH_SCOPE, self.hash, self.id)

    def _admin_claims(self) -> list[Claim]:
        if self.role is not Role.ADMIN:
            return []
        until = self.expires_at.isoformat() if self.expires_at is not None else None
        return [Claim(admin_scope(self.account_id), self.public_id, self.id, until)]

    @event(Issued)
    def __init__(
        self,
        account_id: str,
        name: str,
        role: str,
        hash: str,  # noqa: A002 - named in the event
        expires_at: datetime | None,
        is_replaceable: bool,  # noqa: FBT001 - as above
    ) -> None:
        self.account_id = account_id
        self.name = name
        self.role = Role(role)
        self.hash = hash
        self.expires_at = expires_at
        self.is_replaceable = is_replaceable
        self.is_revoked = False

    @event(FirstUsed)
    def _first_used(self) -> None:
        self.is_replaceable = False

    @event(SecretReplaced)
    def _secret_replaced(self, hash: str) -> None:  # noqa: A002 - named in the event
        self.hash = hash

    @event(Revoked)
    def _revoked(self) -> None:
        self.is_revoked = True


def admin_scope(account_id: str) -> str:
    """Return the scope that lists the admin keys of an account; the note of each says until when it works."""
    return f"admin-keys/{account_id}"


def works_at(admin: Claim, now: datetime) -> bool:
    """Tell whether an admin key has not expired."""
    return admin.note is None or datetime.fromisoformat(admin.note) > now
