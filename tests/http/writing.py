"""Fills the log quickly: without the API, like a process manager."""

import asyncio
from uuid import uuid4

from domain.store import Append, Cause
from domain.volume import Volume
from miniaws.application import Cloud

_AT_ONCE = 100


class Writer:
    """Writes events of a few volumes of the account ``main``."""

    def __init__(self, cloud: Cloud, account: str = "main") -> None:
        self._cloud = cloud
        self._cause = Cause(actor="system:test", account_id=account)
        self._volumes: list[Volume] = []
        self._written = 0

    async def begin(self, volumes: int) -> None:
        """Create the volumes."""
        for _ in range(volumes):
            volume = Volume.create(self._cause.account_id, f"v-{uuid4().hex[:8]}", None, {})
            await self._save(volume)
            self._volumes.append(await self._settled(volume))

    async def write(self, count: int, *, pace_s: float = 0, padding: int = 0) -> None:
        """Write ``count`` events, a hundred per save, with a pause after each save; ``padding`` in bytes each."""
        fill = {f"fill-{number}": "x" * 250 for number in range(padding // 250)}
        for begin in range(0, count, _AT_ONCE):
            volume = self._volumes[(begin // _AT_ONCE) % len(self._volumes)]
            for _ in range(min(_AT_ONCE, count - begin)):
                self._written += 1
                volume.change_tags({"number": str(self._written), **fill})
            await self._save(volume)
            await asyncio.sleep(pace_s)

    async def _settled(self, volume: Volume) -> Volume:
        """Return it after its manager is done, so that the test is the only writer."""
        async with asyncio.timeout(20):
            while True:
                found = await self._cloud.ports.store.load(volume.id)
                if isinstance(found, Volume) and found.status == "available":
                    return found
                await asyncio.sleep(0.02)

    async def _save(self, volume: Volume) -> None:
        await self._cloud.ports.store.append(
            Append(volume.collect_events(), self._cause, [volume.take_conditions()])
        )
