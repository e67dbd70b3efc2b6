"""Events and images in memory."""

from collections.abc import AsyncIterator

from adapters.memory.engine import MemoryEngine
from domain.ports import EngineEvent


class MemoryWatch:
    """Reports events. A cursor is the number of an event."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield events since the cursor, or since this call, and then new ones.

        A failure set for ``watch`` ends it at the next event.
        """
        return self._follow(int(cursor) if cursor else len(self._engine.events))

    async def _follow(self, at: int) -> AsyncIterator[EngineEvent]:
        while True:
            await self._engine.enter("watch")
            while at < len(self._engine.events):
                yield self._engine.events[at]
                at += 1
            await self._engine.wait()


class MemoryImages:
    """Knows every image except those that a test removed, and the number of cores set by a test."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def is_available(self, image: str) -> bool:
        """Return whether the image exists."""
        await self._engine.enter("images.is_available")
        return self._engine.has_image(image)

    async def digest(self, image: str) -> str | None:
        """Return the content that the image has."""
        await self._engine.enter("images.digest")
        return self._engine.content(image) if self._engine.has_image(image) else None

    async def cores(self) -> float:
        """Return the number of cores."""
        await self._engine.enter("images.cores")
        return self._engine.cores
