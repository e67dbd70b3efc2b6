"""Signing in with a browser: a session stands for a key, so that no page ever holds the key itself.

A session's token is random and only its digest is stored. A session ends when it expires, at sign-out, and with its
key. A ticket is exchanged once, within a minute, for a session or a WebSocket; either belongs to the session that
issued the ticket: it ends with that session and never outlives it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.errors import Unauthenticated
from domain.store import Sessions, SignedIn
from domain.system import Clock, RandomSource
from domain.values import parse_id
from miniaws.commands.access_key import KEY_PREFIX, hash_of
from miniaws.http.auth.authenticator import Authenticator, Identity

TOKEN_PREFIX = f"{KEY_PREFIX}session_"
"""What a session's token begins with, so that logs redact it as they do keys."""
TICKET_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session's token or a new ticket; ``secret`` is shown this once."""

    secret: str
    expires_at: datetime


class BrowserSessions:
    """Opens, finds and closes sessions. ``life`` is the longest that one lasts."""

    def __init__(
        self,
        store: Sessions,
        authenticator: Authenticator,
        clock: Clock,
        random: RandomSource,
        life: timedelta,
    ) -> None:
        self._store = store
        self._keyring = authenticator
        self._clock = clock
        self._random = random
        self._life = life

    async def open(self, identity: Identity) -> Opened:
        """Open a session for whoever has shown a key or a ticket; it does not outlive either's origin."""
        return await self._issue(identity, "session", TOKEN_PREFIX + self._random.secret(), self._life)

    async def ticket(self, identity: Identity) -> Opened:
        """Issue a ticket: whoever presents it first, within a minute, is signed in."""
        return await self._issue(identity, "ticket", self._random.secret(), TICKET_LIFE)

    async def of(self, token: str) -> Identity:
        """Return the identity behind a session's token. Raises Unauthenticated."""
        return await self._of_session(hash_of(token))

    async def redeem(self, ticket: str) -> Identity:
        """Return the identity behind a ticket, and use the ticket up. Raises Unauthenticated."""
        found = await self._store.redeem(hash_of(ticket))
        if found is None:
            raise Unauthenticated(
                "cannot use this ticket: it was used, or is older than a minute, or its session has ended; "
                "get another"
            )
        if found.parent is not None:
            return await self._of_session(found.parent)
        identity = await self._keyring.of_key(found.key_id)
        return replace(identity, expires_at=_earlier(identity.expires_at, self._clock.now() + self._life))

    async def check(self, identity: Identity) -> None:
        """Raise Unauthenticated when an identity's key or session has ended."""
        if identity.session is not None:
            await self._of_session(identity.session)
        else:
            await self._keyring.of_key(_key(identity))

    async def close(self, token: str) -> None:
        """End a session, with the tickets, sessions and streams that came from it."""
        await self._store.close(hash_of(token))

    async def _of_session(self, digest: str) -> Identity:
        found = await self._store.find(digest)
        if found is None:
            raise Unauthenticated("cannot continue this session: it has ended; sign in again")
        identity = await self._keyring.of_key(found.key_id)
        return replace(identity, expires_at=_earlier(identity.expires_at, found.expires_at), session=digest)

    async def _issue(
        self, identity: Identity, purpose: Literal["session", "ticket"], secret: str, life: timedelta
    ) -> Opened:
        expires_at = _earlier(identity.expires_at, self._clock.now() + life)
        signed_in = SignedIn(_key(identity), expires_at, identity.session)
        if not await self._store.open(hash_of(secret), purpose, signed_in):
            raise Unauthenticated("cannot continue this session: it has ended; sign in again")
        return Opened(secret, expires_at)


def _key(identity: Identity) -> UUID:
    parsed = parse_id(identity.key_id)
    assert parsed is not None  # noqa: S101 - every key has such an id
    return parsed[1]


def _earlier(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)
