"""Passes every new event to the listeners in this process, over one connection."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from domain.store import Recorded
from miniaws.runtime.projector import Log

Listener = Callable[[Sequence[Recorded]], None]


class EventSubscription:
    """Follows the log from where it is when it starts."""

    def __init__(self, open_log: Callable[[], AbstractAsyncContextManager[Log]], head: int) -> None:
        self._open_log = open_log
        self._position = head
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call the listener with every batch of new events, in order."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow the log until the connection or a listener fails; run again, it continues where it was.

        A batch on which a listener failed is handed to every listener again.
        """
        async with self._open_log() as log:
            async for events in log.batches(self._position):
                for listener in self._listeners:
                    listener(events)
                self._position = events[-1].position
