"""What happens in memory, and what images there are."""

from collections.abc import AsyncIterator

from adapters.memory.engine import MemoryEngine
from domain.ports import EngineEvent


class MemoryWatch:
    """Tells what happened. A cursor is the number of the event it came with."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield what happened since the cursor, or since this call, then what happens.

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
    """Knows every image but those that do not exist, and as many cores as a test wants there to be."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def is_available(self, image: str) -> bool:
        """Tell whether the image exists."""
        await self._engine.enter("images.is_available")
        return self._engine.has_image(image)

    async def cores(self) -> float:
        """Return how many cores there are."""
        await self._engine.enter("images.cores")
        return self._engine.cores
