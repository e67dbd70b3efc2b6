"""Volumes in memory."""

from adapters.memory.engine import MemoryEngine, MemoryVolume
from domain.errors import InUse, Refused
from domain.ports import Found


class MemoryVolumes:
    """Simulates volumes without files."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def ensure(
        self, resource_id: str, account_id: str, size_gb: int | None, *, fresh: bool = True
    ) -> None:
        """Create this volume. Raises Refused when its size cannot be enforced, or it is missing and not ``fresh``."""
        await self._engine.enter("volumes.ensure")
        if resource_id in self._engine.volumes:
            return
        if not fresh:
            raise Refused(f"cannot find the files of {resource_id}: the volume is gone; restore a snapshot")
        if size_gb is not None and not self._engine.limits_size:
            raise Refused(f"cannot limit {resource_id} to {size_gb} GB here; create it without a size")
        self._engine.volumes[resource_id] = MemoryVolume(account_id, size_gb)
        self._engine.record("volume", resource_id, "create")

    async def exists(self, resource_id: str) -> bool:
        """Return whether the volume exists."""
        await self._engine.enter("volumes.exists")
        return resource_id in self._engine.volumes

    async def remove(self, resource_id: str) -> None:
        """Remove the volume. Raises InUse while a container, running or not, mounts it."""
        await self._engine.enter("volumes.remove")
        users = [
            i
            for i, c in self._engine.containers.items()
            if any(mount.volume_id == resource_id for mount in c.spec.mounts)
        ]
        if users:
            raise InUse(f"cannot remove {resource_id}: {', '.join(sorted(users))} mounts it")
        if self._engine.volumes.pop(resource_id, None):
            self._engine.record("volume", resource_id, "destroy")

    async def found(self) -> list[Found]:
        """Return every volume."""
        await self._engine.enter("volumes.found")
        return [Found("volume", i, 1) for i in self._engine.volumes]

    async def can_limit_size(self) -> bool:
        """Return the value set by a test."""
        await self._engine.enter("volumes.can_limit_size")
        return self._engine.limits_size

    async def free_bytes(self) -> int | None:
        """Return the value set by a test."""
        await self._engine.enter("volumes.free_bytes")
        return self._engine.free_bytes
