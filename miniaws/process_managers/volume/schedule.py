"""Takes the snapshots of a volume that are due, and drops those whose time is up.

time for one               -> a snapshot, in one save with the volume's own event
the one before is not taken, or it is refused -> report_snapshot_missed
retention                  -> Snapshot.delete, in one save with the volume's own event
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain.errors import DomainError
from domain.snapshot import Snapshot
from domain.snapshot.schedule import Due, Scheduled, SnapshotPolicy, due, expired, next_at
from domain.store import Cause, ScopeInUse, VersionConflict
from domain.values import parse_id
from domain.volume import Volume
from miniaws.application import Cloud, Request
from miniaws.commands import snapshot as snapshots

_LONGEST_NAME = 47
"""So much of a volume's name leaves room for a moment."""


class Schedule:
    """Keeps the snapshots that volumes have by the clock."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def keep(self, volume: Volume) -> float | None:
        """Do what time asks for, and return in how many seconds it asks again."""
        policy = volume.snapshot_policy
        if policy is None:
            return None
        now = self._now()
        found = due(policy, volume.snapshots_until, now)
        if found is not None:
            await self._begin(volume, found)
        await self._drop(volume.id, policy, now)
        return (next_at(policy, now) - now).total_seconds()

    async def _begin(self, volume: Volume, found: Due) -> None:
        if found.missed_until is not None:
            reason = "the controller, or the volume, was not there at that time"
            await self._miss(volume.id, found.missed_until, found.missed, reason)
        reason = await self._hindrance(volume) or await self._take(volume, found.at)
        if reason is not None:
            await self._miss(volume.id, found.at, 1, reason)

    async def _miss(self, volume_id: UUID, at: datetime, count: int, reason: str) -> None:
        await self._cloud.report(
            Volume, volume_id, self._cause, lambda v: v.report_snapshot_missed(at, count, reason)
        )

    async def _hindrance(self, volume: Volume) -> str | None:
        """Return why no other snapshot is begun: the one before is not taken yet."""
        if not volume.scheduled:
            return None
        last = await self._load(volume.scheduled[-1])
        if last.was_taken or last.is_deleting:
            return None
        why = f" ({last.status_reason})" if last.status_reason else ""
        return f"snapshot {last.name} is not taken yet{why}"

    async def _take(self, volume: Volume, at: datetime) -> str | None:
        """Ask for a snapshot; return why that is refused."""
        name = f"{volume.name[:_LONGEST_NAME].rstrip('-')}-{at:%Y%m%d-%H%M%S}"

        async def note(snapshot: Snapshot) -> Volume:
            found = await self._cloud.load_by_id(Volume, volume.id)
            found.note_snapshot(snapshot.public_id, snapshot.name, at)
            return found

        wish = snapshots.Create(name, volume.public_id, tags=volume.tags)
        try:
            await snapshots.create(self._cloud, self._request(volume), wish, note)
        except VersionConflict:
            pass  # the next pass looks again
        except DomainError as error:
            return str(error)
        return None

    async def _drop(self, volume_id: UUID, policy: SnapshotPolicy, now: datetime) -> None:
        volume = await self._cloud.load_by_id(Volume, volume_id)
        if not expired(policy, volume.scheduled, now):
            return
        # Only now, as there may be many: which of them are there, and which can be restored.
        found = [(each, await self._load(each)) for each in volume.scheduled]
        for each, snapshot in found:
            if snapshot.is_deleting:
                await self._cloud.report(
                    Volume,
                    volume.id,
                    self._cause,
                    lambda v, id_=each.snapshot_id: v.drop_snapshot(id_, "somebody deleted it"),
                )
        there = [(each, snapshot) for each, snapshot in found if not snapshot.is_deleting]
        spared = _newest_sound(there)
        for each in expired(policy, [each for each, _ in there], now):
            if each != spared:
                await self._delete(volume.id, each)

    async def _delete(self, volume_id: UUID, each: Scheduled) -> None:
        volume = await self._cloud.load_by_id(Volume, volume_id)
        snapshot = await self._load(each)
        volume.drop_snapshot(each.snapshot_id, "its time is up")
        snapshot.delete()
        # Somebody restores it, or changes one of the two, just now: the next pass looks again.
        with contextlib.suppress(ScopeInUse, VersionConflict):
            await self._cloud.save(self._request(volume), snapshot, volume)

    async def _load(self, each: Scheduled) -> Snapshot:
        parsed = parse_id(each.snapshot_id)
        assert parsed is not None  # noqa: S101 - an id of ours
        return await self._cloud.load_by_id(Snapshot, parsed[1])

    def _request(self, volume: Volume) -> Request:
        return Request(replace(self._cause, account_id=volume.account_id))

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now().astimezone(UTC)


def _newest_sound(there: Sequence[tuple[Scheduled, Snapshot]]) -> Scheduled | None:
    sound = [each for each, snapshot in there if snapshot.was_taken and snapshot.damage is None]
    return max(sound, key=lambda each: each.due_at, default=None)
