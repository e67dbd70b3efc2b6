"""Hands new events to clients, each of which first reads the log from where it left off."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

import orjson
import structlog

from domain.machine import Clock
from domain.store import Recorded
from miniaws.hub.client import PAGE, Client, Message, Wish
from projections.activity import Activity, Filter

_log = structlog.get_logger("hub")
_PAUSE_S = 0.00025
"""After each round, per client: with 200 of them, events wait for up to 50 ms."""
_TOO_SLOW = "too slow; connect again with Last-Event-ID"
_REMEMBERED = 1000
_SIGNED_OUT = "the session was closed"


class Hub:
    """Hands every new event to the clients that want it."""

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self._activity = activity
        self._clock = clock
        self._clients: set[Client] = set()
        self._incoming: asyncio.Queue[Sequence[Recorded]] = asyncio.Queue()
        self._touched: set[str] = set()
        self._joined: set[str] = set()
        self._closed: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def count(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    def watching(self, part: str) -> set[str]:
        """Return the accounts of which somebody watches a part."""
        return {c.wish.identity.account_id for c in self._clients if part in c.wish.parts}

    def touched(self) -> set[str]:
        """Return the accounts in which something happened since this was asked last."""
        found, self._touched = self._touched, set()
        return found

    def joined(self) -> set[str]:
        """Return the accounts that got a client since this was asked last."""
        found, self._joined = self._joined, set()
        return found

    def take(self, events: Sequence[Recorded]) -> None:
        """Accept new events; a listener of the tail."""
        self._incoming.put_nowait(events)

    async def run(self) -> None:
        """Hand out events for ever."""
        while True:
            events = list(await self._incoming.get())
            while not self._incoming.empty():
                events += self._incoming.get_nowait()
            if not self._clients:
                continue
            try:
                told = await self._activity.told(events)
            except Exception as error:  # noqa: BLE001 - whatever it was, no client may miss these events
                _log.warning("cannot tell events", why=type(error).__name__, clients=len(self._clients))
                for client in self._clients:
                    client.cut()
                continue
            for event in told:
                self._hand_out(event)
            # What arrives meanwhile goes out together: to send is dear when it is to many.
            await asyncio.sleep(_PAUSE_S * len(self._clients))

    def tell(self, account: str, name: str, part: str, data: bytes) -> None:
        """Send a message that is no event to the clients of an account that want that part."""
        message = Message(name, data)
        for client in self._clients:
            if client.wish.identity.account_id == account and part in client.wish.parts:
                client.put(message)

    def stream(self, wish: Wish, after: int | None) -> "Stream":
        """Return what follows a position (None: from now on), to be entered by the one who sends it."""
        return Stream(self, Client(wish), after)

    def join(self, client: Client) -> None:
        """Send this client what is new from here on."""
        self._clients.add(client)
        self._joined.add(client.wish.identity.account_id)
        # Closed while this client was on its way here.
        if client.wish.identity.session in self._closed:
            client.end(_SIGNED_OUT)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)

    def end_session(self, session: str | None) -> None:
        """End what a session has opened; None when it is not known which were closed: then all show theirs again."""
        if session is not None:
            self._closed.append(session)
        for client in self._clients:
            found = client.wish.identity.session
            if found is None:
                continue
            if session is None:
                client.cut()
            elif found == session:
                client.end(_SIGNED_OUT)

    async def newest(self) -> int:
        """Return the position of the newest event."""
        found = await self._activity.timeline(Filter(account=None, limit=1))
        return found[0]["position"] if found else 0

    async def page(self, wish: Wish, after: int) -> list[Message]:
        """Return the next messages from the log."""
        return [_message(event) for event in await self._activity.timeline(wish.after(after))]

    def seconds_until(self, instant: datetime | None) -> float | None:
        """Return how long it is to an instant, negative when it has passed, None for never."""
        return None if instant is None else (instant - self._clock.now()).total_seconds()

    def _hand_out(self, event: dict[str, Any]) -> None:
        message: Message | None = None
        self._touched.add(event["accountid"])
        for client in self._clients:
            if client.wish.wants(event):
                message = message or _message(event)
                client.put(message)
            if event["type"] == "access_key.revoked" and event["subject"] == client.wish.identity.key_id:
                client.end("the key was revoked")


class Stream:
    """What one client gets, in batches. An asynchronous context manager: on leaving, the hub forgets the client."""

    def __init__(self, hub: Hub, client: Client, after: int | None) -> None:
        self._hub = hub
        self._client = client
        self._last = after
        self._reads_log = "events" in client.wish.parts
        self._is_over = False

    async def __aenter__(self) -> Self:
        """Join the hub."""
        self._hub.join(self._client)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave it."""
        self._hub.leave(self._client)

    async def batch(self) -> list[Message]:
        """Return the next messages as soon as there are any, and nothing once the stream is over.

        The last one is ``end`` when the client may not go on, ``cut`` when it can only go on by a new connection.
        """
        if self._last is None:
            # Who does not say where to begin must learn it: it may be cut before its first event.
            self._last = await self._hub.newest()
            return [Message("hello", orjson.dumps({"position": self._last}), self._last)]
        while not self._is_over:
            self._end_when_expired()
            if self._reads_log and self._client.ended is None:
                found = await self._from_log(self._last)
            else:
                found = self._from_queue(self._last)
            if found:
                self._last = max([self._last, *(m.position for m in found if m.position is not None)])
                return found
            if not self._reads_log and not self._is_over:
                await self._wait()
        return []

    async def _from_log(self, last: int) -> list[Message]:
        # What arrives from here on waits in the queue; what came before is in the log.
        self._client.begin_anew()
        found = await self._hub.page(self._client.wish, last)
        # When the queue has overflowed meanwhile, the log has that too.
        self._reads_log = len(found) == PAGE or self._client.is_cut
        return found

    def _from_queue(self, last: int) -> list[Message]:
        """Return what waits, and why the stream is over when it is."""
        client = self._client
        if self._reads_log:
            client.begin_anew()  # it ended early: between what was sent and what waits, something is missing
        found = [m for m in client.take() if m.position is None or m.position > last]
        if client.ended is not None:
            found.append(Message("end", orjson.dumps({"reason": client.ended})))
        elif client.is_cut:
            found.append(Message("cut", orjson.dumps({"reason": _TOO_SLOW})))
        self._is_over = client.ended is not None or client.is_cut
        return found

    async def _wait(self) -> None:
        if self._client.woken.is_set():
            self._client.woken.clear()
            return
        try:
            async with asyncio.timeout(self._hub.seconds_until(self._client.wish.identity.expires_at)):
                await self._client.woken.wait()
        except TimeoutError:
            pass

    def _end_when_expired(self) -> None:
        left = self._hub.seconds_until(self._client.wish.identity.expires_at)
        if left is not None and left <= 0:
            self._client.end("the key has expired")


def _message(event: dict[str, Any]) -> Message:
    return Message(event["type"], orjson.dumps(event), event["position"])
