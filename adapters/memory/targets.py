"""The places that snapshots can be copied to, in memory."""

from collections.abc import Sequence

from domain.snapshot.elsewhere import Target


class MemoryTargets:
    """Knows two places; a test may change them."""

    def __init__(self) -> None:
        self.there: Sequence[Target] = (Target("disk", "folder"), Target("offsite", "s3"))

    async def known(self) -> list[Target]:
        """Return them by name."""
        return sorted(self.there, key=lambda target: target.name)
