"""Copy targets in memory."""

from collections.abc import Sequence

from domain.snapshot.offsite_copies import Target


class MemoryTargets:
    """Has two targets; a test may change them."""

    def __init__(self) -> None:
        self.there: Sequence[Target] = (Target("disk", "folder"), Target("offsite", "s3"))

    async def known(self) -> list[Target]:
        """Return the targets by name."""
        return sorted(self.there, key=lambda target: target.name)
