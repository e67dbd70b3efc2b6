"""Signing in with a browser: a session stands for a key, so that no page ever holds the key itself.

What a browser keeps is random; only its digest is stored. A session ends when it expires, when it is closed, and with
its key; so do the streams it has opened. A ticket is exchanged for a session once, within a minute.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.errors import Unauthenticated
from domain.machine import Chance, Clock
from domain.store import Sessions, SignedIn
from domain.values import parse_id
from miniaws.commands.access_key import hash_of
from miniaws.keyring import Identity, Keyring

TICKET_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was handed out: the secret is shown this once."""

    secret: str
    expires_at: datetime


class Browsers:
    """Opens, finds and closes sessions. ``life`` is how long one lasts at most."""

    def __init__(
        self, store: Sessions, keyring: Keyring, clock: Clock, chance: Chance, life: timedelta
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._chance = chance
        self._life = life

    async def open(self, identity: Identity) -> Opened:
        """Open a session for who has shown a key or a ticket; it does not outlive the key."""
        return await self._hand_out(identity, "session", self._life)

    async def ticket(self, identity: Identity) -> Opened:
        """Hand out a ticket: whoever brings it first within a minute is signed in."""
        return await self._hand_out(identity, "ticket", TICKET_LIFE)

    async def of(self, secret: str) -> Identity:
        """Return who has a session. Raises Unauthenticated."""
        digest = hash_of(secret)
        found = await self._store.find(digest)
        if found is None:
            raise Unauthenticated("cannot go on with this session: it has ended; sign in again")
        identity = await self._keyring.of_key(found.key_id)
        expires_at = _earlier(identity.expires_at, found.expires_at)
        return replace(identity, expires_at=expires_at, session=digest)

    async def redeem(self, ticket: str) -> Identity:
        """Return who has a ticket, and use it up. Raises Unauthenticated."""
        found = await self._store.redeem(hash_of(ticket))
        if found is None:
            raise Unauthenticated(
                "cannot use this ticket: it was used, or is older than a minute; get another"
            )
        # The ticket's end is not the end of who brings it.
        return await self._keyring.of_key(found.key_id)

    async def close(self, secret: str) -> None:
        """End a session."""
        await self._store.close(hash_of(secret))

    async def _hand_out(self, identity: Identity, purpose: str, life: timedelta) -> Opened:
        parsed = parse_id(identity.key_id)
        assert parsed is not None  # noqa: S101 - every key has such an id
        secret = self._chance.secret()
        expires_at = _earlier(identity.expires_at, self._clock.now() + life)
        signed_in = SignedIn(parsed[1], expires_at)
        await self._store.open(hash_of(secret), "ticket" if purpose == "ticket" else "session", signed_in)
        return Opened(secret, expires_at)


def _earlier(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)
