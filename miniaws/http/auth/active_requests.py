"""Requests in progress, so that each ends with the key or session behind it: revoked, expired, or signed out.

One place decides for every kind of request. ``miniaws/http/lifetime.py`` registers them all and carries it out.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from domain.access_key import AccessKey
from domain.errors import Unauthenticated
from domain.store import Recorded
from domain.system import Clock
from domain.values import public_id
from miniaws.http.auth.authenticator import Identity

_log = structlog.get_logger("active_requests")
_TICK_S = 0.2
_CHECK_EVERY_S = 60.0
"""A request that lasts longer is checked against the store, in case an event was missed."""
_CHECK_AGAIN_S = 1.0
"""So long after a check for which the store did not answer."""
_REMEMBERED = 1000
_REVOKED = "the key was revoked"
_SIGNED_OUT = "the session was closed"


@dataclass(slots=True, eq=False)
class ActiveRequest:
    """A request in progress. ``ended`` is the reason why it must end, None while it may continue."""

    identity: Identity
    checked_at: float
    ended: str | None = None
    _callbacks: list[Callable[[str], None]] = field(default_factory=list[Callable[[str], None]])

    def on_end(self, callback: Callable[[str], None]) -> None:
        """Call back once with the reason when the request must end, or at once when it already must."""
        if self.ended is not None:
            callback(self.ended)
        else:
            self._callbacks.append(callback)

    def end(self, reason: str) -> None:
        """End the request. Only the first reason counts."""
        if self.ended is None:
            self.ended = reason
            for callback in self._callbacks:
                callback(reason)


class ActiveRequests:
    """Ends requests with their identity. ``check`` raises Unauthenticated for one that is no longer valid."""

    def __init__(self, clock: Clock, check: Callable[[Identity], Awaitable[None]]) -> None:
        self._clock = clock
        self._check = check
        self._active: set[ActiveRequest] = set()
        self._ended: deque[str] = deque(maxlen=_REMEMBERED)

    @contextmanager
    def enter(self, identity: Identity) -> Generator[ActiveRequest]:
        """Register a request for as long as it is served."""
        request = ActiveRequest(identity, asyncio.get_running_loop().time())
        # Its key or session may have ended between its identification and now.
        if identity.key_id in self._ended:
            request.end(_REVOKED)
        elif identity.session in self._ended:
            request.end(_SIGNED_OUT)
        self._active.add(request)
        try:
            yield request
        finally:
            self._active.discard(request)

    def take(self, events: Sequence[Recorded]) -> None:
        """End the requests of keys that were revoked; a listener of the tail."""
        for event in events:
            if event.type == "access_key.revoked":
                key_id = public_id(AccessKey.PREFIX, event.resource_id)
                self._ended.append(key_id)
                for request in list(self._active):
                    if request.identity.key_id == key_id:
                        request.end(_REVOKED)

    def end_session(self, session: str | None) -> None:
        """End the requests of a session; None: check those of every session, as some may have ended unseen."""
        if session is not None:
            self._ended.append(session)
        for request in list(self._active):
            if session is None and request.identity.session is not None:
                request.checked_at = float("-inf")
            elif session is not None and request.identity.session == session:
                request.end(_SIGNED_OUT)

    async def run(self) -> None:
        """End requests that expire, and check long ones, until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._expire())
            loops.create_task(self._check_long_ones())

    async def _expire(self) -> None:
        while True:
            now = self._clock.now()
            for request in list(self._active):
                expires_at = request.identity.expires_at
                if expires_at is not None and expires_at <= now:
                    what = "key" if request.identity.session is None else "session"
                    request.end(f"the {what} has expired")
            await asyncio.sleep(_TICK_S)

    async def _check_long_ones(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for request in list(self._active):
                if request.ended is None and request.checked_at + _CHECK_EVERY_S <= loop.time():
                    request.checked_at = loop.time()
                    await self._check_one(request)
            await asyncio.sleep(_TICK_S)

    async def _check_one(self, request: ActiveRequest) -> None:
        try:
            await self._check(request.identity)
        except Unauthenticated:
            request.end(_SIGNED_OUT if request.identity.session is not None else _REVOKED)
        except Exception as error:  # noqa: BLE001 - the store is away for now; the next check may succeed
            request.checked_at += _CHECK_AGAIN_S - _CHECK_EVERY_S
            _log.warning("cannot check a request", why=type(error).__name__)
