"""Who is asking: keys by their hash, remembered for a minute unless an event says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.access_key import HASH_SCOPE, AccessKey, Role
from domain.errors import Unauthenticated, Unavailable
from domain.store import Append, Cause, EventStore, Recorded, VersionConflict
from domain.system import Clock
from miniaws.commands.access_key import KEY_PREFIX, hash_of

_REMEMBERED = 10_000
_REMEMBERED_FOR = timedelta(seconds=60)
"""A revocation takes effect within this time even if no event arrives."""
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Identity:
    """The key behind a request."""

    key_id: str
    account_id: str
    role: Role
    expires_at: datetime | None
    name: str = ""
    session: str | None = None
    """The digest of the browser's session that stands for the key, if one does."""
    hash: str = field(default="", repr=False)
    """Of the key's secret; empty for one that no event tells of."""


@dataclass(frozen=True, slots=True)
class ReadOnlyBundle:
    """A history that is only shown: nobody changes it, and it has a first and a last moment."""

    begins: int
    """No read goes back before this position."""
    ends_at: datetime
    """The present, permanently."""
    identities: Mapping[str | UUID, Identity]
    """Who may look, by the hash of the key and by its id; no event tells of them."""


class Authenticator:
    """Finds the key behind a header. ``forget`` must see every event, or revocation comes late."""

    def __init__(self, store: EventStore, clock: Clock, bundle: ReadOnlyBundle | None = None) -> None:
        self._identities = bundle.identities if bundle is not None else {}
        self._store = store
        self._clock = clock
        self._known: dict[str | UUID, tuple[datetime, Identity]] = {}
        self._forgotten = 0

    async def identify(self, authorization: str) -> Identity:
        """Return who sends this header. Raises Unauthenticated."""
        secret = authorization.removeprefix("Bearer ").strip()
        if not secret.startswith(KEY_PREFIX):
            raise Unauthenticated
        hashed = hash_of(secret)
        return self._valid(
            self._identities.get(hashed) or self._remembered(hashed) or await self._look_up(hashed)
        )

    async def of_key(self, key_id: UUID) -> Identity:
        """Return the identity of a key that a session stands for. Raises Unauthenticated."""
        return self._valid(
            self._identities.get(key_id) or self._remembered(key_id) or await self._load(key_id, key_id)
        )

    async def hash_of(self, key_id: UUID) -> str:
        """Return the hash of a key's secret, empty for an unknown or revoked key; who names a key has not used it."""
        if (known := self._identities.get(key_id) or self._remembered(key_id)) is not None:
            return known.hash
        key = await self._store.load(key_id)
        return key.hash if isinstance(key, AccessKey) and not key.is_revoked else ""

    def _remembered(self, known_by: str | UUID) -> Identity | None:
        since, identity = self._known.get(known_by, (None, None))
        # A clock that was set back must not make the memory last longer.
        is_fresh = since is not None and since <= self._clock.now() < since + _REMEMBERED_FOR
        return identity if is_fresh else None

    def _valid(self, identity: Identity) -> Identity:
        if identity.expires_at is not None and identity.expires_at <= self._clock.now():
            raise _unknown_key()
        return identity

    async def _look_up(self, hashed: str) -> Identity:
        claim = await self._store.claim(HASH_SCOPE, hashed)
        if claim is None:
            raise _unknown_key()
        return await self._load(hashed, claim.owner)

    async def _load(self, known_by: str | UUID, key_id: UUID) -> Identity:
        forgotten, since = self._forgotten, self._clock.now()
        key = await self._used(known_by, key_id)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        identity = Identity(key.public_id, key.account_id, key.role, key.expires_at, key.name, hash=key.hash)
        if forgotten == self._forgotten:  # else the key may have been revoked since it was loaded
            self._known[known_by] = (since, identity)
        return identity

    async def _used(self, known_by: str | UUID, key_id: UUID) -> AccessKey:
        """Return a key once the log tells that it is used. Raises Unauthenticated."""
        for _ in range(_ATTEMPTS):
            key = await self._store.load(key_id)
            if not isinstance(key, AccessKey) or key.is_revoked or known_by not in {key.id, key.hash}:
                raise _unknown_key()
            key.report_used()
            if not (events := key.collect_events()):
                return key
            try:
                await self._store.append(Append(events, Cause(key.public_id, key.account_id)))
            except VersionConflict:
                continue  # its first use elsewhere, another secret, its end
            return key
        raise Unavailable("cannot accept this key: it is changed all the time; retry")

    def forget(self, events: Sequence[Recorded]) -> None:
        """Look again at every key after one was revoked."""
        if any(event.type == "access_key.revoked" for event in events):
            self.forget_all()

    def forget_all(self) -> None:
        """Look again at every key; after events may have been missed."""
        self._forgotten += 1
        self._known.clear()


def _unknown_key() -> Unauthenticated:
    return Unauthenticated("cannot accept this key: it is unknown, revoked or expired; use another key")
