"""Live streams: one follower of the log per process, any number of clients, no gap and no double.

A client first reads the log from where it left off, then gets what is new from a queue of its own. A client that
does not keep up is cut and can resume; it never slows another.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog

from domain.ports import Clock
from domain.store import Recorded
from miniaws.keyring import Identity
from projections.activity import Activity, Filter

_log = structlog.get_logger("hub")
_PAGE = 500
_LONGEST_QUEUE = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream; ``position`` only for events of the log."""

    name: str
    data: bytes
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to see. ``parts`` of events, summary, metrics; None as a filter means all."""

    identity: Identity
    parts: frozenset[str] = frozenset({"events", "summary", "metrics"})
    kind: str | None = None
    type: str | None = None
    resource: str | None = None

    def wants(self, event: dict[str, Any]) -> bool:
        """Tell whether an event is for this client."""
        return (
            event["accountid"] == self.identity.account_id
            and self.kind in {None, event["resourcekind"]}
            and self.type in {None, event["type"]}
            and self.resource in {None, event["subject"]}
        )


@dataclass(slots=True, eq=False)
class Client:
    """One stream: what waits to be sent, and whether it has come too late."""

    wish: Wish
    waiting: deque[Message] = field(default_factory=deque[Message])
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_cut: bool = False
    ended: str | None = None

    def put(self, message: Message) -> None:
        """Queue a message, or cut the client when its queue is full."""
        if len(self.waiting) >= _LONGEST_QUEUE:
            self.is_cut = True
        else:
            self.waiting.append(message)
        self.woken.set()

    def end(self, reason: str) -> None:
        """Let the stream end with a reason."""
        self.ended = reason
        self.woken.set()


class Hub:
    """Hands every new event to the clients that want it."""

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self._activity = activity
        self._clock = clock
        self._clients: set[Client] = set()
        self._incoming: asyncio.Queue[Sequence[Recorded]] = asyncio.Queue()
        self._position = 0

    @property
    def accounts(self) -> set[str]:
        """The accounts that somebody watches."""
        return {client.wish.identity.account_id for client in self._clients}

    def take(self, events: Sequence[Recorded]) -> None:
        """Accept new events; a listener of the tail."""
        self._incoming.put_nowait(events)

    async def run(self) -> None:
        """Hand out events for ever."""
        while True:
            events = await self._incoming.get()
            self._position = events[-1].position
            if not self._clients:
                continue
            told = await self._activity.told(events)
            for event in told:
                self._hand_out(event)

    def tell(self, account: str, name: str, part: str, data: bytes) -> None:
        """Send a message that is no event to the clients of an account that want that part."""
        for client in self._clients:
            if client.wish.identity.account_id == account and part in client.wish.parts:
                client.put(Message(name, data))

    async def stream(self, wish: Wish, after: int | None) -> AsyncIterator[Message]:
        """Yield messages: what the log holds after a position, then what is new. Ends when the client is cut."""
        client = Client(wish)
        self._clients.add(client)
        try:
            last = after if after is not None else await self._now()
            async for message in self._backlog(client, last):
                last = message.position or last
                yield message
            async for message in self._live(client, last):
                yield message
        finally:
            self._clients.discard(client)

    async def _backlog(self, client: Client, last: int) -> AsyncIterator[Message]:
        if "events" not in client.wish.parts:
            return
        while True:
            # What arrives from here on waits in the queue; what overflowed it is found in the log instead.
            client.waiting.clear()
            client.is_cut = False
            full = True
            while full:
                found = await self._page(client.wish, last)
                full = len(found) == _PAGE
                for event in found:
                    last = event["position"]
                    if client.wish.wants(event):
                        yield _message(event)
            if not client.is_cut:
                return

    async def _live(self, client: Client, last: int) -> AsyncIterator[Message]:
        while True:
            while client.waiting:
                message = client.waiting.popleft()
                if message.position is None or message.position > last:
                    yield message
            if client.ended is not None:
                yield Message("end", orjson.dumps({"reason": client.ended}))
                return
            if client.is_cut:
                yield Message("cut", orjson.dumps({"reason": "too slow; connect again with Last-Event-ID"}))
                return
            if not await self._wait(client):
                client.end("the key has expired")

    async def _wait(self, client: Client) -> bool:
        expires_at = client.wish.identity.expires_at
        client.woken.clear()
        try:
            async with asyncio.timeout(self._seconds_until(expires_at)):
                await client.woken.wait()
        except TimeoutError:
            return False
        return True

    def _seconds_until(self, instant: datetime | None) -> float | None:
        return None if instant is None else max((instant - self._clock.now()).total_seconds(), 0.001)

    async def _now(self) -> int:
        newest = await self._activity.timeline(Filter(account=None, limit=1))
        return newest[0]["position"] if newest else 0

    async def _page(self, wish: Wish, after: int) -> list[dict[str, Any]]:
        return await self._activity.timeline(
            Filter(account=wish.identity.account_id, after=after, newest_first=False, limit=_PAGE)
        )

    def _hand_out(self, event: dict[str, Any]) -> None:
        message: Message | None = None
        for client in self._clients:
            if "events" in client.wish.parts and client.wish.wants(event):
                message = message or _message(event)
                client.put(message)
            if event["type"] == "access_key.revoked" and event["subject"] == client.wish.identity.key_id:
                client.end("the key was revoked")


def _message(event: dict[str, Any]) -> Message:
    return Message(event["type"], orjson.dumps(event), event["position"])
