"""Makes copies of snapshots at targets, and tells what they were made from how that went.

The original is told before the copy itself: nobody looks at a copy that is there, or gone, to tell it later.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from domain.errors import Refused
from domain.snapshot import Snapshot
from domain.snapshot.copies import SeenTask, Source
from domain.snapshot.elsewhere import Original
from domain.store import Cause
from domain.values import parse_id
from miniaws.application import Cloud


class Elsewhere:
    """What is done for a snapshot that is a copy of another one."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def source(self, copy: Snapshot) -> Source | None:
        """Return what it is made from; None for what is no copy. Raises Refused."""
        if (original := copy.original) is None:
            return None
        key = await self._cloud.ports.store.secret(UUID(original.key_id))
        if key is None:
            raise Refused(f"cannot copy {original.name}: its key is gone")
        return Source(original.repository_id, key, original.snapshot_id, original.copy_id)

    async def report_made(self, copy: Snapshot, seen: SeenTask) -> None:
        """Tell that the copy is there, of the moment of its original."""
        original, moved = copy.original, seen.copied
        assert original is not None  # noqa: S101 - what is transferred has one
        assert moved is not None  # noqa: S101 - what a transfer that ended has
        held = original.held
        copied = replace(moved, files=held.files, bytes=held.bytes)
        now = self._cloud.ports.clock.now()
        took_ms = round((now - (seen.started_at or now)).total_seconds() * 1000)
        await self._tell(original, lambda s: s.report_copied(copy.public_id, copied.added_bytes, took_ms))
        await self._cloud.report(
            Snapshot,
            copy.id,
            self._cause,
            lambda s: s.report_taken(
                copied,
                taken_at=original.taken_at,
                log_position=held.log_position,
                paused=[],
                pause_ms=0,
                restore_points=held.restore_points,
            ),
        )

    async def report_failed(self, copy: Snapshot, reason: str) -> None:
        """Tell why the copy is not there yet."""
        if copy.original is not None:
            await self._tell(copy.original, lambda s: s.report_copy_failed(copy.public_id, reason))

    async def report_gone(self, copy: Snapshot) -> None:
        """Tell that the copy is given up."""
        if copy.original is not None:
            await self._tell(copy.original, lambda s: s.report_copy_dropped(copy.public_id))

    async def _tell(self, original: Original, decide: Callable[[Snapshot], None]) -> None:
        parsed = parse_id(original.snapshot_id)
        assert parsed is not None  # noqa: S101 - an id of ours
        await self._cloud.report(Snapshot, parsed[1], self._cause, decide)
