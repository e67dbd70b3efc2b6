"""Takes scheduled snapshots of volumes, and deletes them by the retention.

one is due                 -> a snapshot, in one save with the volume's own event
the previous one is not taken, or it is refused -> report_snapshot_missed
retention                  -> Snapshot.delete, in one save with the volume's own event
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain import cron
from domain.errors import DomainError
from domain.snapshot import Snapshot
from domain.snapshot.schedule import ScheduledSnapshot, SnapshotPolicy, expired
from domain.store import Cause, ScopeInUse
from domain.volume import Volume
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.commands import snapshot as snapshots

_LONGEST_NAME = 47
"""This much of a volume's name leaves room for the date and time."""


class Schedule:
    """Keeps the scheduled snapshots of volumes."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def keep(self, volume: Volume) -> float | None:
        """Take and delete what is due, and return after how many seconds the next one is due."""
        policy = volume.snapshot_policy
        if policy is None:
            return None
        now = self._now()
        found = cron.due(policy.schedule, volume.snapshots_until, now)
        if found is not None:
            await self._begin(volume, found)
        await self._drop(volume.id, policy, now)
        following = cron.next_at(policy.schedule, now)
        return None if following is None else (following - now).total_seconds()

    async def _begin(self, volume: Volume, found: cron.DueTime) -> None:
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
        """Return why no snapshot is taken: the previous one is not taken yet."""
        if not volume.scheduled:
            return None
        last = await self._load(volume.scheduled[-1])
        if last.was_taken or last.is_deleting:
            return None
        why = f" ({last.status_reason})" if last.status_reason else ""
        return f"snapshot {last.name} is not taken yet{why}"

    async def _take(self, volume: Volume, at: datetime) -> str | None:
        """Take a snapshot; return why that is refused."""
        name = f"{volume.name[:_LONGEST_NAME].rstrip('-')}-{at:%Y%m%d-%H%M%S}"

        async def note(unit: UnitOfWork, snapshot: Snapshot) -> None:
            found = await unit.load(Volume, volume.public_id)
            found.note_snapshot(snapshot.public_id, snapshot.name, at)

        new = snapshots.CreateSnapshot(name=name, volume=volume.public_id, tags=dict(volume.tags))
        try:
            await snapshots.create(self._cloud, self._request(volume), new, note)
        except DomainError as error:
            return str(error)
        return None

    async def _drop(self, volume_id: UUID, policy: SnapshotPolicy, now: datetime) -> None:
        volume = await self._cloud.load_by_id(Volume, volume_id)
        if not expired(policy, volume.scheduled, now):
            return
        # There may be many: load them only when one has expired.
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
                await self._delete(volume, each)

    async def _delete(self, volume: Volume, each: ScheduledSnapshot) -> None:
        async def work(unit: UnitOfWork) -> None:
            snapshot = await unit.load(Snapshot, each.snapshot_id)
            current = await unit.load(Volume, volume.public_id)
            current.drop_snapshot(each.snapshot_id, "its time is up")
            snapshot.delete()

        # A snapshot that is being restored cannot be deleted: a later pass tries again.
        with contextlib.suppress(ScopeInUse):
            await self._cloud.transact(self._request(volume), work)

    async def _load(self, each: ScheduledSnapshot) -> Snapshot:
        return await self._cloud.load_by_id(Snapshot, each.snapshot_id)

    def _request(self, volume: Volume) -> Request:
        return Request(replace(self._cause, account_id=volume.account_id))

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now().astimezone(UTC)


def _newest_sound(there: Sequence[tuple[ScheduledSnapshot, Snapshot]]) -> ScheduledSnapshot | None:
    sound = [each for each, snapshot in there if snapshot.was_taken and snapshot.damage is None]
    return max(sound, key=lambda each: each.due_at, default=None)
