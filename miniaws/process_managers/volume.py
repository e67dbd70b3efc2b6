"""Keeps a real volume for every volume.

wanted                     -> volumes.ensure -> report_available
deleting, not yet deleted  -> volumes.remove -> report_deleted

A volume that was there once is never made anew: an empty one in its place would hide that the files are gone.
"""

from uuid import UUID

from domain.errors import InUse, PortError
from domain.ports import Volumes
from domain.store import Cause
from domain.volume import Volume
from miniaws.application import Cloud
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:volume-manager", account_id="")
_IN_USE_S = 1.0


class VolumeManager:
    """Reconciles volumes of the engine with ours."""

    kind = Volume.KIND

    def __init__(self, cloud: Cloud, volumes: Volumes) -> None:
        self._cloud = cloud
        self._volumes = volumes

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
        await self._cloud.report(Volume, volume.id, _CAUSE, Volume.report_available)
        return Pass("is there")

    async def _remove(self, volume: Volume) -> Pass:
        try:
            await self._volumes.remove(volume.public_id)
        except InUse:
            return Pass("waits for a container to let go of it", again_s=_IN_USE_S)
        await self._cloud.report(Volume, volume.id, _CAUSE, Volume.report_deleted)
        return Pass("removed the volume")
