"""Finds what carries our labels though no living resource wants it.

What it finds becomes an orphan, an event like every other; ``process_managers/orphan`` holds and removes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from domain.access_key import FIRST_ACCOUNT
from domain.errors import NameTaken, PortError
from domain.orphan import Orphan, Stray, Thing, name_of, scope, why_unwanted
from domain.ports import Found
from domain.store import Cause, EventStore
from domain.values import owner
from miniaws.application import Cloud, Ports, Request

_log = structlog.get_logger("sweep")
_CAUSE = Cause(actor="system:sweep", account_id=FIRST_ACCOUNT)


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of things on the engine: how all of them are found, and one of them is removed."""

    thing: Thing
    found: Callable[[], Awaitable[list[Found]]]
    remove: Callable[[str], Awaitable[None]]


def sorts(ports: Ports) -> tuple[Sort, ...]:
    """Return every sort; a network or volume goes only after the container that uses it."""
    return (
        Sort("container", ports.containers.found, ports.containers.remove),
        Sort("network", ports.networks.found, ports.networks.remove),
        Sort("volume", ports.volumes.found, ports.volumes.remove),
    )


async def unwanted(store: EventStore, resource_id: str) -> str | None:
    """Return why nothing wants what is labelled with an id, None when its resource lives."""
    parsed = owner(resource_id)
    return why_unwanted(await store.load(parsed[1]) if parsed is not None else None)


class Sweep:
    """Compares what the engine has with what lives. Things without our labels are never looked at."""

    def __init__(self, cloud: Cloud, note: Callable[[int], Awaitable[None]]) -> None:
        self._cloud = cloud
        self._store = cloud.ports.store
        self._hold = timedelta(seconds=cloud.settings.orphan_hold_s)
        self._note = note

    async def run(self, every_s: float) -> None:
        """Sweep for ever."""
        while True:
            try:
                await self.sweep()
            except PortError as error:
                _log.warning("cannot sweep", why=str(error))
            await asyncio.sleep(every_s)

    async def sweep(self) -> None:
        """Look once: tell of orphans that are new, and of those that are none any more."""
        known = {claim.key: claim.owner for claim in await self._store.claims(scope())}
        count = 0
        for sort in sorts(self._cloud.ports):
            found = await sort.found()
            strays = {stray.name: stray for stray in await self._strays(sort.thing, found)}
            count += len(strays)
            there = {name_of(sort.thing, each.resource_id) for each in found}
            if new := strays.keys() - known.keys():
                # What was being removed when it was listed is gone by the time its resource is known to have ended.
                again = {name_of(sort.thing, each.resource_id) for each in await sort.found()}
                for name in sorted(new & again):
                    await self._find(strays[name])
            await self._let_go(sort, there, strays.keys(), known)
        await self._note(count)

    async def _strays(self, thing: Thing, found: Iterable[Found]) -> list[Stray]:
        strays: list[Stray] = []
        for each in found:
            reason = await unwanted(self._store, each.resource_id)
            if reason is not None:
                strays.append(Stray(thing, each.kind, each.resource_id, reason))
        return strays

    async def _find(self, stray: Stray) -> None:
        orphan = Orphan.find(stray, self._cloud.ports.clock.now() + self._hold)
        try:
            await self._cloud.save(Request(_CAUSE), orphan)
        except NameTaken:
            return  # a sweep that was cut off, or another controller's, has told of it
        _log.warning("found an orphan", orphan=stray.name, why=stray.reason)

    async def _let_go(
        self, sort: Sort, there: set[str], strays: Container[str], known: Mapping[str, UUID]
    ) -> None:
        """Tell of orphans that are known and none any more."""
        for name, orphan_id in known.items():
            if name.startswith(name_of(sort.thing, "")) and name not in strays:
                report = Orphan.report_wanted if name in there else Orphan.report_gone
                await self._cloud.report(Orphan, orphan_id, _CAUSE, report)
                _log.info("lost an orphan", orphan=name)
