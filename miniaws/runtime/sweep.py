"""Finds objects with our labels that belong to no resource.

Each becomes an orphan, which is a resource like others; ``process_managers/orphan`` holds and removes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from domain.access_key import FIRST_ACCOUNT
from domain.errors import NameTaken
from domain.orphan import EngineObject, ObjectType, Orphan, name_of, scope, why_unwanted
from domain.ports import Found
from domain.store import Cause, EventStore
from domain.values import owner
from miniaws.application import Cloud, Request
from miniaws.ports import Ports

_log = structlog.get_logger("sweep")
_CAUSE = Cause(actor="system:sweep", account_id=FIRST_ACCOUNT)


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of objects of the engine: how to find all of them, and how to remove one."""

    thing: ObjectType
    found: Callable[[], Awaitable[list[Found]]]
    remove: Callable[[str], Awaitable[None]]


def sorts(ports: Ports) -> tuple[ObjectKind, ...]:
    """Return every sort; a network or volume goes only after the container that uses it."""
    return (
        ObjectKind("container", ports.containers.found, ports.containers.remove),
        ObjectKind("network", ports.networks.found, ports.networks.remove),
        ObjectKind("volume", ports.volumes.found, ports.volumes.remove),
    )


async def unwanted(store: EventStore, resource_id: str) -> str | None:
    """Return why no resource needs an object with this id; None when one does."""
    parsed = owner(resource_id)
    return why_unwanted(await store.load(parsed[1]) if parsed is not None else None)


class Sweep:
    """Compares the objects of the engine with the resources. Objects without our labels are ignored."""

    def __init__(self, cloud: Cloud, note: Callable[[int], Awaitable[None]]) -> None:
        self._cloud = cloud
        self._store = cloud.ports.store
        self._hold = timedelta(seconds=cloud.settings.orphan_hold_s)
        self._note = note

    async def run(self, every_s: float) -> None:
        """Sweep until that fails. Raises PortError."""
        while True:
            await self.sweep()
            await asyncio.sleep(every_s)

    async def sweep(self) -> None:
        """Report new orphans, and those that are no longer orphans."""
        known = {claim.key: claim.owner for claim in await self._store.claims(scope())}
        count = 0
        for sort in sorts(self._cloud.ports):
            found = await sort.found()
            unused = {each.name: each for each in await self._unused(sort.thing, found)}
            count += len(unused)
            there = {name_of(sort.thing, each.resource_id) for each in found}
            if new := unused.keys() - known.keys():
                # What was being removed when it was listed is gone by the time its resource is known to have ended.
                still_there = {name_of(sort.thing, each.resource_id) for each in await sort.found()}
                for name in sorted(new & still_there):
                    await self._find(unused[name])
            await self._report_ended(sort, there, unused.keys(), known)
        await self._note(count)

    async def _unused(self, thing: ObjectType, found: Iterable[Found]) -> list[EngineObject]:
        unused: list[EngineObject] = []
        for each in found:
            reason = await unwanted(self._store, each.resource_id)
            if reason is not None:
                unused.append(EngineObject(thing, each.kind, each.resource_id, reason))
        return unused

    async def _find(self, found: EngineObject) -> None:
        orphan = Orphan.find(found, self._cloud.ports.clock.now() + self._hold)
        try:
            await self._cloud.save(Request(_CAUSE), orphan)
        except NameTaken:
            return  # an interrupted sweep, or another controller's, has reported it
        _log.warning("found an orphan", orphan=found.name, why=found.reason)

    async def _report_ended(
        self, sort: ObjectKind, there: set[str], unused: Container[str], known: Mapping[str, UUID]
    ) -> None:
        """Report the known orphans that are no longer orphans."""
        for name, orphan_id in known.items():
            if name.startswith(name_of(sort.thing, "")) and name not in unused:
                report = Orphan.report_needed if name in there else Orphan.report_gone
                await self._cloud.report(Orphan, orphan_id, _CAUSE, report)
                _log.info("lost an orphan", orphan=name)
