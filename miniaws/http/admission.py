"""Who may call a route, and how often: the limits of keys, and of addresses that present wrong ones.

Only failures count against an address, so that users behind one address do not affect each other; and keys that
were accepted before are checked also while it is limited. Wrong keys are then refused before anything is read.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from math import ceil

from starlette.types import Scope

from domain.errors import TooMany, Unauthenticated
from domain.system import Allowance, Rate, Rates
from miniaws.http.auth.authenticator import Identity
from miniaws.settings import Settings

_MOST_ACCEPTED = 10_000
_IPV6_PREFIX = 64
"""Of an address: the rest is the choice of one client."""


class Admission:
    """Finds identities within the limits."""

    def __init__(self, settings: Settings) -> None:
        self._key_rate = Rate(settings.rate_limit, settings.rate_burst)
        most = settings.failed_auth_per_minute
        self._failure_rate = Rate(most / 60, most)
        self._accepted: OrderedDict[bytes, None] = OrderedDict()
        """Digests of what identified somebody, the newest last."""

    async def identify(
        self, scope: Scope, credential: str, find: Callable[[], Awaitable[Identity]]
    ) -> Identity:
        """Return what ``find`` returns for a credential. Raises Unauthenticated, TooMany.

        A failure counts against the address, unless nothing was presented.
        """
        digest = blake2b(credential.encode(errors="replace"), digest_size=16).digest()
        if credential and digest not in self._accepted:
            self.refuse_guessing(scope)
        try:
            found = await find()
        except Unauthenticated:
            self._accepted.pop(digest, None)
            if credential:
                self.count_failure(scope)
            raise
        self._accepted[digest] = None
        self._accepted.move_to_end(digest)
        if len(self._accepted) > _MOST_ACCEPTED:
            self._accepted.popitem(last=False)
        return found

    def refuse_guessing(self, scope: Scope) -> None:
        """Raise TooMany when an address has failed too often."""
        allowance = _rates(scope).take(_failures_of(scope), self._failure_rate, tokens=0)
        if allowance.wait_s:
            raise _too_many(
                "cannot check another key from this address: too many were wrong", allowance.wait_s
            )

    def count_failure(self, scope: Scope) -> None:
        """Count a failed attempt against an address."""
        _rates(scope).take(_failures_of(scope), self._failure_rate)

    def limit_key(self, scope: Scope, identity: Identity) -> Allowance:
        """Take a request from what a key may ask; ``refuse_if_exhausted`` raises when it may ask no more."""
        return _rates(scope).take(f"key {identity.key_id}", self._key_rate)

    def refuse_if_exhausted(self, allowance: Allowance) -> None:
        """Raise TooMany when a request was not granted."""
        if allowance.wait_s:
            raise _too_many(
                f"cannot take more than {self._key_rate.per_s:g} requests a second with one key",
                allowance.wait_s,
            )

    def limit_address(self, scope: Scope) -> None:
        """Take a request without an identity from what an address may ask. Raises TooMany."""
        allowance = _rates(scope).take(f"address {_address_of(scope)}", self._key_rate)
        if allowance.wait_s:
            raise _too_many("cannot take more requests from this address", allowance.wait_s)

    def headers(self, allowance: Allowance) -> list[tuple[bytes, bytes]]:
        """Return the headers that tell a client what it may ask."""
        values = {
            b"ratelimit-limit": self._key_rate.burst,
            b"ratelimit-remaining": allowance.remaining,
            b"ratelimit-reset": ceil(allowance.full_in_s),
        }
        return [(name, str(value).encode()) for name, value in values.items()]


def _rates(scope: Scope) -> Rates:
    return scope["app"].state.cloud.ports.rates


def _failures_of(scope: Scope) -> str:
    return f"failures {_address_of(scope)}"


def _address_of(scope: Scope) -> str:
    """Return the address of a client; of IPv6 the network, as one client has all addresses in it."""
    text = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 4:
        return text
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))


def _too_many(what: str, wait_s: float) -> TooMany:
    seconds = max(1, ceil(wait_s))
    return TooMany(f"{what}; retry after {seconds} s", retry_after_s=seconds)
