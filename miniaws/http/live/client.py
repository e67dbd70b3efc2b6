"""One client of the live streams: what it wants, what waits for it, and why there will be no more."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from domain.values import parse_id
from miniaws.http.auth.authenticator import Identity
from projections.activity import CloudEvent, Filter

PAGE = 200
_LONGEST_QUEUE = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream; ``position`` only where a client can resume."""

    name: str
    data: bytes
    position: int | None = None


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """What a client wants to see. ``parts`` of events, summary, metrics; None as a filter means all."""

    identity: Identity
    parts: frozenset[str] = frozenset({"events", "summary", "metrics"})
    kind: str | None = None
    type: str | None = None
    resource: str | None = None

    def wants(self, event: CloudEvent) -> bool:
        """Return whether an event is for this client."""
        return (
            "events" in self.parts
            and event["accountid"] == self.identity.account_id
            and self.kind in {None, event["resourcekind"]}
            and self.type in {None, event["type"]}
            and self.resource in {None, event["subject"]}
        )

    def after(self, position: int) -> Filter:
        """Return the filter that finds the next page of the same events in the log."""
        parsed = parse_id(self.resource) if self.resource else None
        return Filter(
            account=self.identity.account_id,
            after=position,
            kind=self.kind,
            type=self.type,
            resource=parsed[1] if parsed else None,
            newest_first=False,
            limit=PAGE,
        )


@dataclass(slots=True, eq=False)
class Client:
    """What waits to be sent to one client, and why there will be no more."""

    filter: StreamFilter
    events: deque[Message] = field(default_factory=deque[Message])
    latest: dict[str, Message] = field(default_factory=dict[str, Message])
    """Of what is no event only the newest matters."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_cut: bool = False
    ended: str | None = None

    def put(self, message: Message) -> None:
        """Queue a message; an event for which there is no room cuts the client, and nothing may follow it."""
        if self.is_cut or self.ended is not None:
            return
        if message.position is None:
            self.latest[message.name] = message
        elif len(self.events) < _LONGEST_QUEUE:
            self.events.append(message)
        else:
            self.is_cut = True
        self.woken.set()

    def cut(self) -> None:
        """Make the client reconnect, because it would miss events."""
        self.is_cut = True
        self.woken.set()

    def end(self, reason: str) -> None:
        """End the stream with a reason."""
        self.ended = self.ended or reason
        self.woken.set()

    def begin_anew(self) -> None:
        """Forget what waits: the log has it."""
        self.events.clear()
        self.is_cut = False

    def take(self) -> list[Message]:
        """Return what waits, and forget it."""
        found = [*self.events, *self.latest.values()]
        self.events.clear()
        self.latest.clear()
        return found
