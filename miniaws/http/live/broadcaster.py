"""Hands new events to clients, each of which first reads the log from where it left off.

An event is sent once reads show it: who reads because of an event gets a state that contains it.
"""

import asyncio
from collections.abc import Sequence
from typing import Self

import orjson
import structlog

from domain.store import Recorded
from miniaws.http.auth.active_requests import ActiveRequest
from miniaws.http.live.client import PAGE, Client, Message, StreamFilter
from miniaws.ports import Visibility
from projections.activity import Activity, CloudEvent, Filter

_log = structlog.get_logger("hub")
_PAUSE_S = 0.00025
"""After each round, per client: with 200 of them, events wait for up to 50 ms."""
_VISIBLE_S = 5.0
"""How long an event waits for the reads. Without a controller it is sent nevertheless."""
_TOO_SLOW = "too slow; connect again with Last-Event-ID"


class Broadcaster:
    """Hands every new event to the clients that want it."""

    def __init__(self, activity: Activity, visibility: Visibility) -> None:
        self._activity = activity
        self._visibility = visibility
        self._clients: set[Client] = set()
        self._incoming: asyncio.Queue[Sequence[Recorded]] = asyncio.Queue()
        self._touched: set[str] = set()
        self._joined: set[str] = set()

    @property
    def count(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    def watching(self, part: str) -> set[str]:
        """Return the accounts of which somebody watches a part."""
        return {c.filter.identity.account_id for c in self._clients if part in c.filter.parts}

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
        """Hand out events until that fails. Who is connected when it begins may have missed some, and is cut."""
        for client in self._clients:
            client.cut()
        while True:
            events = list(await self._incoming.get())
            while not self._incoming.empty():
                events += self._incoming.get_nowait()
            if not self._clients:
                continue
            try:
                found = await self._activity.cloud_events(events)
            except Exception as error:  # noqa: BLE001 - whatever it was, no client may miss these events
                _log.warning("cannot send events", why=type(error).__name__, clients=len(self._clients))
                for client in self._clients:
                    client.cut()
                continue
            await self._visibility.wait_for(events[-1].position, _VISIBLE_S)
            for event in found:
                self._hand_out(event)
            # What arrives meanwhile goes out together: to send is dear when it is to many.
            await asyncio.sleep(_PAUSE_S * len(self._clients))

    def publish(self, account: str, name: str, part: str, data: bytes) -> None:
        """Send a message that is no event to the clients of an account that want that part."""
        message = Message(name, data)
        for client in self._clients:
            if client.filter.identity.account_id == account and part in client.filter.parts:
                client.put(message)

    def stream(self, filter_: StreamFilter, after: int | None, request: ActiveRequest) -> "Stream":
        """Return what follows a position (None: from now on), to be entered by the one who sends it.

        Its last message says why when the request must end.
        """
        client = Client(filter_)
        request.on_end(client.end)
        return Stream(self, client, after)

    def join(self, client: Client) -> None:
        """Send this client what is new from here on."""
        self._clients.add(client)
        self._joined.add(client.filter.identity.account_id)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)

    async def newest(self) -> int:
        """Return the position of the newest event."""
        found = await self._activity.timeline(Filter(account=None, limit=1))
        return found[0]["position"] if found else 0

    async def page(self, filter_: StreamFilter, after: int) -> list[Message]:
        """Return the next messages from the log."""
        found = [_message(event) for event in await self._activity.timeline(filter_.after(after))]
        if found and found[-1].position is not None:
            await self._visibility.wait_for(found[-1].position, _VISIBLE_S)
        return found

    def _hand_out(self, event: CloudEvent) -> None:
        message: Message | None = None
        self._touched.add(event["accountid"])
        for client in self._clients:
            if client.filter.wants(event):
                message = message or _message(event)
                client.put(message)


class Stream:
    """What one client gets, in batches. An asynchronous context manager: on leaving, the hub forgets the client."""

    def __init__(self, hub: Broadcaster, client: Client, after: int | None) -> None:
        self._hub = hub
        self._client = client
        self._last = after
        self._reads_log = "events" in client.filter.parts
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

        The last one is ``end`` when the client may not continue, ``cut`` when it must reconnect.
        """
        if self._last is None:
            # Who does not say where to begin must learn it: it may be cut before its first event.
            self._last = await self._hub.newest()
            return [Message("hello", orjson.dumps({"position": self._last}), self._last)]
        while not self._is_over:
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
        found = await self._hub.page(self._client.filter, last)
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
        await self._client.woken.wait()
        self._client.woken.clear()


def _message(event: CloudEvent) -> Message:
    return Message(event["type"], orjson.dumps(event), event["position"])
