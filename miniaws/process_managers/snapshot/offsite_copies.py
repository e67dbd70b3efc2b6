"""Reports on copies of snapshots at targets, to the copy and to the snapshot that it is made from.

The original comes first: once the copy is reported as available or deleted, no pass looks at it again.
"""

from collections.abc import Callable
from dataclasses import replace

from domain.errors import Refused
from domain.snapshot import Snapshot
from domain.snapshot.copies import SeenTask, Source
from domain.snapshot.offsite_copies import Original
from domain.store import Cause
from miniaws.application import Cloud


class OffsiteCopies:
    """Reports on snapshots that are copies of other ones."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def source(self, copy: Snapshot) -> Source | None:
        """Return what a copy is made from; None for a snapshot that is no copy. Raises SecretMissing."""
        if (original := copy.original) is None:
            return None
        key = await self._cloud.secret(original.key_id, f"the key of snapshot {original.name}")
        return Source(original.repository_id, key, original.snapshot_id, original.copy_id)

    async def report_made(self, copy: Snapshot, task: SeenTask) -> None:
        """Report that the copy is available, as of the time of its original."""
        original, moved = copy.original, task.copied
        if original is None or moved is None:
            raise Refused(f"cannot report the transfer of {copy.name}: it has not ended")
        held = original.held
        copied = replace(moved, files=held.files, bytes=held.bytes)
        now = self._cloud.ports.clock.now()
        took_ms = round((now - (task.started_at or now)).total_seconds() * 1000)
        await self._report_original(
            original, lambda s: s.report_copied(copy.public_id, copied.added_bytes, took_ms)
        )
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
        """Report why the copy is not available yet."""
        if copy.original is not None:
            await self._report_original(copy.original, lambda s: s.report_copy_failed(copy.public_id, reason))

    async def report_gone(self, copy: Snapshot) -> None:
        """Report that the copy is deleted."""
        if copy.original is not None:
            await self._report_original(copy.original, lambda s: s.report_copy_dropped(copy.public_id))

    async def _report_original(self, original: Original, decide: Callable[[Snapshot], None]) -> None:
        await self._cloud.report(Snapshot, original.snapshot_id, self._cause, decide)
