"""Keeps a real volume for every volume.

wanted                     -> volumes.ensure -> restore its files, if it has any to begin with -> report_available
                           -> the snapshots that are due
deleting, not yet deleted  -> volumes.remove -> report_deleted

A volume that was there once is never made anew: an empty one in its place would hide that the files are gone.
"""

from uuid import UUID

from domain.errors import InUse, PortError, Refused
from domain.ports import Volumes
from domain.snapshot import Snapshot
from domain.snapshot.copies import Copies, Task
from domain.store import Cause
from domain.volume import Origin, Volume
from miniaws.application import Cloud
from miniaws.process_managers.volume.schedule import Schedule
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:volume-manager", account_id="")
_IN_USE_S = 1.0
_LOOK_S = 0.5


class VolumeManager:
    """Reconciles volumes of the engine with ours."""

    kind = Volume.KIND

    def __init__(self, cloud: Cloud, volumes: Volumes, copies: Copies) -> None:
        self._cloud = cloud
        self._volumes = volumes
        self._copies = copies
        self._schedule = Schedule(cloud, _CAUSE)

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one volume in line."""
        volume = await self._cloud.load_by_id(Volume, resource_id)
        if volume.status == "deleted":
            return Pass("is deleted")
        try:
            return await (self._remove(volume) if volume.is_deleting else self._ensure(volume))
        except PortError as error:
            reason = str(error)
            await self._cloud.report(Volume, volume.id, _CAUSE, lambda v: v.report_failed(reason))
            raise

    async def _ensure(self, volume: Volume) -> Pass:
        await self._volumes.ensure(
            volume.public_id, volume.account_id, volume.size_gb, fresh=not volume.was_available
        )
        if volume.origin is not None and not volume.was_available:
            waits_for = await self._restore(volume, volume.origin)
            if waits_for is not None:
                return Pass(waits_for, again_s=_LOOK_S)
        volume = await self._cloud.report(Volume, volume.id, _CAUSE, Volume.report_available)
        await self._end_restore(volume)
        return Pass("is there", again_s=await self._schedule.keep(volume))

    async def _restore(self, volume: Volume, origin: Origin) -> str | None:
        """Return what is waited for, or None when the files are there."""
        snapshot = await self._cloud.load(Snapshot, volume.account_id, origin.snapshot_id)
        seen = await self._copies.look(snapshot.repository_id, volume.public_id)
        if seen is None:
            if not await self._begin_restore(volume, origin, snapshot):
                return "waits for another task of the repository"
            seen = await self._copies.look(snapshot.repository_id, volume.public_id)
        if seen is not None and seen.state == "failed":
            await self._copies.end(snapshot.repository_id, volume.public_id)
            raise Refused(f"cannot restore {volume.name} from {snapshot.name}: {seen.reason}")
        return None if seen is not None and seen.state == "ended" else "restores its files"

    async def _begin_restore(self, volume: Volume, origin: Origin, snapshot: Snapshot) -> bool:
        key = await self._cloud.ports.store.secret(UUID(snapshot.key_id))
        if key is None:
            raise Refused(f"cannot restore {volume.name}: the key of snapshot {snapshot.name} is gone")
        task = Task(
            verb="restore",
            kind="volume",
            owner_id=volume.public_id,
            account_id=volume.account_id,
            repository_id=snapshot.repository_id,
            key=key,
            volumes=(origin.volume_id,),
            copy_id=snapshot.copy_id,
            target=snapshot.target,
            into=volume.public_id,
        )
        return await self._copies.begin(task)

    async def _end_restore(self, volume: Volume) -> None:
        if volume.origin is not None:
            snapshot = await self._cloud.load(Snapshot, volume.account_id, volume.origin.snapshot_id)
            await self._copies.end(snapshot.repository_id, volume.public_id)

    async def _remove(self, volume: Volume) -> Pass:
        await self._end_restore(volume)
        try:
            await self._volumes.remove(volume.public_id)
        except InUse:
            return Pass("waits for a container to let go of it", again_s=_IN_USE_S)
        await self._cloud.report(Volume, volume.id, _CAUSE, Volume.report_deleted)
        return Pass("removed the volume")
