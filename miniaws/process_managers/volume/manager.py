"""Keeps a volume of the engine for every volume.

desired                    -> volumes.ensure -> restore its files, if it has any to begin with -> report_available
                           -> the snapshots that are due
deleting, kept in trash    -> report_trashed
deleting, not yet deleted  -> instances in the trash that had it let go of it -> volumes.remove -> report_deleted

A volume that existed once is never created again: an empty one in its place would hide that the files are lost.
"""

from uuid import UUID

from domain.errors import InUse, Refused
from domain.instance import Instance
from domain.ports import Volumes
from domain.snapshot import Snapshot
from domain.snapshot.copies import Copies, Task
from domain.trash import mount_scope
from domain.volume import Origin, Volume
from miniaws.application import Cloud
from miniaws.process_managers.volume.schedule import Schedule
from miniaws.runtime.reconciler import LONG_PASS_S, ReconcileResult, lifecycle

_IN_USE_S = 1.0
_LOOK_S = 0.5


class VolumeManager:
    """Reconciles volumes of the engine with ours."""

    kind = Volume.KIND
    timeout_s = LONG_PASS_S

    def __init__(self, cloud: Cloud, volumes: Volumes, copies: Copies) -> None:
        self._cloud = cloud
        self._volumes = volumes
        self._copies = copies
        self._reconciler = lifecycle(cloud, Volume, ensure=self._ensure, remove=self._remove)
        self._schedule = Schedule(cloud, self._reconciler.cause)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one volume."""
        return await self._reconciler.reconcile(resource_id)

    async def _ensure(self, volume: Volume) -> ReconcileResult:
        await self._volumes.ensure(
            volume.public_id, volume.account_id, volume.size_gb, fresh=not volume.was_available
        )
        if volume.origin is not None and not volume.was_available:
            waits_for = await self._restore(volume, volume.origin)
            if waits_for is not None:
                return ReconcileResult(waits_for, _LOOK_S)
        volume = await self._reconciler.report(volume, Volume.report_available)
        await self._end_restore(volume)
        return ReconcileResult("is there", await self._schedule.keep(volume))

    async def _restore(self, volume: Volume, origin: Origin) -> str | None:
        """Return what the volume waits for, or None when its files are restored."""
        snapshot = await self._cloud.load(Snapshot, volume.account_id, origin.snapshot_id)
        task = await self._copies.look(snapshot.repository_id, volume.public_id)
        if task is None:
            if not await self._begin_restore(volume, origin, snapshot):
                return "waits for another task of the repository"
            task = await self._copies.look(snapshot.repository_id, volume.public_id)
        if task is not None and task.state == "failed":
            await self._copies.end(snapshot.repository_id, volume.public_id)
            raise Refused(f"cannot restore {volume.name} from {snapshot.name}: {task.reason}")
        return None if task is not None and task.state == "ended" else "restores its files"

    async def _begin_restore(self, volume: Volume, origin: Origin, snapshot: Snapshot) -> bool:
        key = await self._cloud.secret(snapshot.key_id, f"the key of snapshot {snapshot.name}")
        restore = Task(
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
        return await self._copies.begin(restore)

    async def _end_restore(self, volume: Volume) -> None:
        if volume.origin is not None:
            snapshot = await self._cloud.load(Snapshot, volume.account_id, volume.origin.snapshot_id)
            await self._copies.end(snapshot.repository_id, volume.public_id)

    async def _remove(self, volume: Volume) -> ReconcileResult:
        if volume.goes_to_trash:
            await self._reconciler.report(volume, Volume.report_trashed)
            return ReconcileResult("is in the trash")
        await self._end_restore(volume)
        for claim in await self._cloud.ports.store.claims(mount_scope(volume.public_id)):
            await self._cloud.report(
                Instance,
                claim.owner,
                self._reconciler.cause,
                lambda i: i.report_volume_purged(volume.public_id),
            )
        try:
            await self._volumes.remove(volume.public_id)
        except InUse:
            return ReconcileResult("waits for a container to let go of it", _IN_USE_S)
        await self._reconciler.report(volume, Volume.report_deleted)
        return ReconcileResult("removed the volume")
