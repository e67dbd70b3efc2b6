"""Volumes on a Docker engine."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

from docker import APIClient
from docker.errors import NotFound

from adapters.docker import mounts
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.filesystems import Filesystems
from domain.errors import InUse, Refused
from domain.ports import Found
from domain.volume import SIZE_TAKES


class DockerVolumes:
    """Stores files: without a size in the engine's own directory, with one in a file system of that size.

    Sizes require an engine on this host that sees the same mounts, and root.
    """

    def __init__(self, engine: DockerEngine, directory: Path) -> None:
        self._engine = engine
        self._directory = directory
        self._files = Filesystems(directory)
        self._turns = WeakValueDictionary[str, asyncio.Lock]()

    async def ensure(
        self, resource_id: str, account_id: str, size_gb: int | None, *, fresh: bool = True
    ) -> None:
        """Create this volume, mounted if it has a size (GiB).

        Raises Refused when the size cannot be enforced, or when the files are gone and ``fresh`` is False.
        """
        async with self._turns.setdefault(resource_id, asyncio.Lock()):
            if not fresh and not await self._has_files(resource_id, size_gb):
                raise Refused(
                    f"cannot find the files of {resource_id}: the volume is gone; restore a snapshot of it"
                )
            options: dict[str, str] | None = None
            if size_gb is not None:
                options = await self._sized(resource_id, size_gb)
            labels = self._engine.labels("volume", resource_id, account_id)
            name = self._engine.name(resource_id)

            def create(api: APIClient) -> Json:
                # Creating an existing volume changes nothing, but the engine would emit an event, which
                # wakes the manager that has just called, in a loop.
                return self._own(api, resource_id) or api.create_volume(
                    name, driver="local", driver_opts=options, labels=labels
                )

            volume = await self._engine.run(f"create the volume {resource_id}", create)
        # The engine returns an existing volume of that name, whatever it is.
        if not self._engine.owns(volume["Labels"], resource_id):
            raise Refused(f"cannot create {resource_id}: the engine has a volume {name} that is not ours")
        if (volume["Options"] or {}) != (options or {}):
            raise Refused(f"cannot add or remove the size limit of {resource_id} after creation")

    async def exists(self, resource_id: str) -> bool:
        """Return whether the volume exists and, if it has a size, is mounted."""
        task = f"look for the volume {resource_id}"
        volume = await self._engine.run(task, lambda api: self._own(api, resource_id))
        if volume is None:
            return False
        return not volume["Options"] or self._files.is_mounted(self._engine.name(resource_id))

    async def remove(self, resource_id: str) -> None:
        """Remove this volume and its files. Raises InUse while a container, running or not, mounts it."""
        async with self._turns.setdefault(resource_id, asyncio.Lock()):
            task = f"remove the volume {resource_id}"
            await self._engine.run(task, lambda api: self._remove(api, resource_id), is_long=True)
            await self._files.remove(self._engine.name(resource_id))

    async def found(self) -> list[Found]:
        """Return every volume of this cloud except those that belong to a container."""
        filters = self._engine.only("volume")

        def items(api: APIClient) -> list[Json]:
            return api.volumes(filters=filters)["Volumes"] or []

        return self._engine.found(await self._engine.run("list volumes", items))

    async def can_limit_size(self) -> bool:
        """Return whether sizes are supported: root on the engine's host, the tools, a loop device, shared mounts."""
        host = self._engine.host
        if not host.startswith("unix:") or not await self._files.can_be_made():
            return False
        return await asyncio.to_thread(mounts.are_seen, host.removeprefix("unix://"), self._directory)

    async def free_bytes(self) -> int | None:
        """Return how much room the engine's file system has; None for an engine on another host."""
        if not self._engine.host.startswith("unix:"):
            return None
        info = await self._engine.run("look at the engine", APIClient.info)
        with suppress(OSError):
            return (await asyncio.to_thread(shutil.disk_usage, info["DockerRootDir"])).free
        return None

    async def _has_files(self, resource_id: str, size_gb: int | None) -> bool:
        if size_gb is not None:
            return self._files.has(self._engine.name(resource_id))
        task = f"look for the volume {resource_id}"
        return await self._engine.run(task, lambda api: self._own(api, resource_id)) is not None

    async def _sized(self, resource_id: str, size_gb: int) -> dict[str, str]:
        if not await self.can_limit_size():
            raise Refused(
                f"cannot limit {resource_id} to {size_gb} GiB: that requires {SIZE_TAKES}; "
                "create the volume without a size"
            )
        name = self._engine.name(resource_id)
        await self._files.ensure(name, size_gb)
        return {"type": "none", "o": "bind", "device": str(self._files.data(name))}

    def _own(self, api: APIClient, resource_id: str) -> Json | None:
        try:
            volume: Json = api.inspect_volume(self._engine.name(resource_id))
        except NotFound:
            return None
        return volume if self._engine.owns(volume["Labels"], resource_id) else None

    def _remove(self, api: APIClient, resource_id: str) -> None:
        if self._own(api, resource_id) is None:
            return
        name = self._engine.name(resource_id)
        users: list[Json] = api.containers(all=True, filters={"volume": name})
        if users:
            names = ", ".join(sorted(user["Names"][0].lstrip("/") for user in users))
            raise InUse(f"cannot remove the volume {resource_id}: {names} mounts it; remove it first")
        try:
            api.remove_volume(name)
        except NotFound:
            return
