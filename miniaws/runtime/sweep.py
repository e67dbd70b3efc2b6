"""Finds what carries our labels though no living resource wants it, and removes it after a hold."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from domain.aggregate import Aggregate
from domain.errors import PortError
from domain.machine import Clock
from domain.ports import Containers, Found, Networks, Volumes
from domain.store import EventStore
from domain.values import owner

_log = structlog.get_logger("sweep")
_ENDED = {"terminated", "deleted"}


class Sweep:
    """Compares what the engine has with what lives. Things without our labels are never looked at."""

    def __init__(
        self,
        store: EventStore,
        containers: Containers,
        networks: Networks,
        volumes: Volumes,
        clock: Clock,
        hold_s: float,
        note: Callable[[int], Awaitable[None]],
    ) -> None:
        self._note = note
        self._store = store
        # In this order: a network or volume goes only after the container that uses it.
        self._parts: tuple[
            tuple[Callable[[], Awaitable[list[Found]]], Callable[[str], Awaitable[None]]], ...
        ] = (
            (containers.found, containers.remove),
            (networks.found, networks.remove),
            (volumes.found, volumes.remove),
        )
        self._clock = clock
        self._hold = timedelta(seconds=hold_s)
        self._first_seen: dict[Found, datetime] = {}

    async def run(self, every_s: float) -> None:
        """Sweep for ever."""
        while True:
            try:
                await self.sweep()
            except PortError as error:
                _log.warning("cannot sweep", why=str(error))
            await asyncio.sleep(every_s)

    async def sweep(self) -> list[Found]:
        """Look once and return what was removed."""
        removed: list[Found] = []
        orphans: set[Found] = set()
        for find, remove in self._parts:
            for thing in await find():
                if not await self._is_orphan(thing):
                    continue
                orphans.add(thing)
                if self._held_long_enough(thing) and await _removed(remove, thing):
                    removed.append(thing)
        self._first_seen = {thing: at for thing, at in self._first_seen.items() if thing in orphans}
        await self._note(len(orphans) - len(removed))
        return removed

    async def _is_orphan(self, thing: Found) -> bool:
        parsed = owner(thing.resource_id)
        if parsed is None:
            return True
        resource: Aggregate | None = await self._store.load(parsed[1])
        return resource is None or getattr(resource, "status", "") in _ENDED

    def _held_long_enough(self, thing: Found) -> bool:
        now = self._clock.now()
        if thing not in self._first_seen:
            self._first_seen[thing] = now
            _log.warning("found an orphan", kind=thing.kind, resource=thing.resource_id)
        return now - self._first_seen[thing] >= self._hold


async def _removed(remove: Callable[[str], Awaitable[None]], thing: Found) -> bool:
    """Remove a thing; one that cannot go now keeps no other from going."""
    try:
        await remove(thing.resource_id)
    except PortError as error:
        _log.warning("cannot remove an orphan", kind=thing.kind, resource=thing.resource_id, why=str(error))
        return False
    _log.warning("removed an orphan", kind=thing.kind, resource=thing.resource_id)
    return True
