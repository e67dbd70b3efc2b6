"""Containers on a Docker engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

from docker import APIClient
from docker.errors import APIError, NotFound

from adapters.docker import kept_files, output
from adapters.docker.creation import (
    PATH_LABEL,
    PROGRAM_LABEL,
    archive,
    base,
    check_surroundings,
    container_config,
    endpoint,
    is_attached,
    limits,
    own_volumes,
    refuse_made_up_volumes,
)
from adapters.docker.engine import CONFLICT, DockerEngine, Json, generation
from adapters.docker.holds import is_held
from adapters.docker.removal import remove_container, tolerate_missing
from adapters.docker.stopping import Stopping
from adapters.docker.times import moment_or_none
from domain.errors import Refused
from domain.ports import (
    ContainerSpec,
    ContainerState,
    ExecResult,
    Found,
    LogLine,
    SeenContainer,
)

_STATES: dict[str, ContainerState] = {
    "created": "created",
    "running": "running",
    "paused": "paused",
    "restarting": "restarting",
    "exited": "exited",
    "removing": "dead",
    "dead": "dead",
}


class DockerContainers:
    """Runs containers.

    If nothing is mounted on a volume that an image declares, it is stored in a named volume of the
    container. A newer generation of the same image takes over the whole file system; with another image it
    takes over the volumes.
    """

    def __init__(self, engine: DockerEngine, *, deepest: int = kept_files.DEEPEST) -> None:
        self.engine = engine
        self._deepest = deepest
        self._turns = WeakValueDictionary[str, asyncio.Lock]()
        self._stopping = Stopping(engine)

    async def close(self) -> None:
        """Cancel pending operations."""
        await self._stopping.close()

    async def inspect(self, resource_id: str) -> SeenContainer | None:
        """Return the container, or None when it does not exist."""

        def look(api: APIClient) -> SeenContainer | None:
            # Only the new one exists if a replacement was interrupted just before its end.
            seen = self._own(api, resource_id) or self._own(api, resource_id, ".next")
            return replace(_seen(seen), is_held=is_held(api, self.engine, seen)) if seen else None

        return await self.engine.run(f"inspect {resource_id}", look)

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        """Create this container, stopped; a newer generation replaces an older one and keeps its files.

        It can be interrupted at any step, and repeated. Raises ImageMissing; InUse when a foreign container has the
        name; Refused when the network or a volume is missing, or the engine has too few resources.
        """
        # One at a time: two replacements of the same container would interfere.
        async with self._turns.setdefault(spec.resource_id, asyncio.Lock()):
            container = await self.engine.run(
                f"create {spec.resource_id}", lambda api: self._ensure(api, spec), is_long=True
            )
        return _seen(container)

    async def start(self, resource_id: str) -> SeenContainer:
        """Start it. Raises PortTaken, or Refused when the program cannot be started.

        After a failure the container is unchanged, and a later start may succeed.
        """
        async with self._turns.setdefault(resource_id, asyncio.Lock()):
            task = f"start {resource_id}"
            container = await self.engine.run(task, lambda api: self._start(api, resource_id))
        return _seen(container)

    async def stop(self, resource_id: str, grace_s: int | None = None) -> None:
        """Stop the program, and kill it after the grace period; the engine then does not restart it.

        Cancelling the caller does not interrupt the stop; a repeated call waits for the same stop.
        """
        container = await self.engine.run(f"stop {resource_id}", lambda api: self._own(api, resource_id))
        if container is not None:
            await self._stopping.stop(container, grace_s)

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        """Change the limits. Raises Refused when the engine cannot, or there is no container."""
        task = f"resize {resource_id}"
        name = self.engine.name(resource_id)
        await self.engine.call(task, "POST", "/containers/{}/update", name, body=limits(cpus, memory_mb))

    async def leave_network(self, resource_id: str) -> None:
        """Disconnect a stopped container from its networks."""
        task = f"disconnect {resource_id}"
        await self.engine.run(task, lambda api: self._leave_network(api, resource_id))

    async def reattach(self, spec: ContainerSpec) -> SeenContainer:
        """Disconnect a container from the network, and connect it with the address and names of its specification."""
        async with self._turns.setdefault(spec.resource_id, asyncio.Lock()):
            task = f"connect {spec.resource_id}"
            container = await self.engine.run(task, lambda api: self._reattach(api, spec))
        return _seen(container)

    async def keep_files(self, spec: ContainerSpec) -> None:
        """Save the files of a stopped container as an image, and remove it; its own volumes stay."""
        async with self._turns.setdefault(spec.resource_id, asyncio.Lock()):
            task = f"keep the files of {spec.resource_id}"
            await self.engine.run(task, lambda api: self._keep_files(api, spec), is_long=True)

    async def remove(self, resource_id: str) -> None:
        """Remove the container, its own volumes and the images that hold its files."""
        task = f"remove {resource_id}"
        await self.engine.run(task, lambda api: self._remove(api, resource_id), is_long=True)

    async def execute(self, resource_id: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """Run a program inside. Raises Refused unless the container runs, and after the timeout."""
        return await output.execute(self.engine, resource_id, argv, timeout_s)

    def logs(
        self, resource_id: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield the output of the container. Raises Refused when there is no container."""
        return output.logs(self.engine, resource_id, follow=follow, tail=tail)

    async def found(self) -> list[Found]:
        """Return every container of this cloud, including those of which only volumes or files are left."""
        filters = self.engine.only()

        def items(api: APIClient) -> list[Json]:
            volumes = _own_volumes(api, filters)
            return [*api.containers(all=True, filters=filters), *volumes, *api.images(filters=filters)]

        return self.engine.found(await self.engine.run("list containers", items))

    def _own(self, api: APIClient, resource_id: str, suffix: str = "") -> Json | None:
        try:
            container: Json = api.inspect_container(self.engine.name(resource_id) + suffix)
        except NotFound:
            return None
        return container if self.engine.owns(container["Config"]["Labels"], resource_id) else None

    def _ensure(self, api: APIClient, spec: ContainerSpec) -> Json:
        old = self._finish_replacement(api, spec.resource_id)
        if old and generation(old["Config"]["Labels"]) >= spec.generation:
            return self._join_network(api, old, spec)
        check_surroundings(api, self.engine, spec)
        if old is None:
            kept_files.forget(api, self.engine, spec.resource_id, besides=spec.image)
            kept = kept_files.kept(api, self.engine, spec) if spec.keeps_files else None
            image = kept or self.engine.preparations.ready(api, [spec.image])
            self._create(api, spec, image, "")
        else:
            self._replace(api, old, spec)
        return api.inspect_container(self.engine.name(spec.resource_id))

    def _finish_replacement(self, api: APIClient, resource_id: str) -> Json | None:
        """Return the current container; an interrupted replacement is undone or completed first."""
        old, new = self._own(api, resource_id), self._own(api, resource_id, ".next")
        if old and old["State"]["Status"] in {"dead", "removing"}:
            remove_container(api, old["Id"])
            old = None
        if new and old:
            # The old one may have run again since the new one was created: start over.
            remove_container(api, new["Id"])
        elif new:
            api.rename(new["Id"], self.engine.name(resource_id))
            return self._own(api, resource_id)
        return old

    def _replace(self, api: APIClient, old: Json, spec: ContainerSpec) -> None:
        # The new one exists before the old one goes, so that a refusal to create it destroys nothing.
        same = old["Config"]["Labels"].get("miniaws.image") == spec.image
        image = None if same and spec.keeps_files else self.engine.preparations.ready(api, [spec.image])
        api.stop(old["Id"], timeout=max(spec.stop_grace_s, old["Config"].get("StopTimeout") or 0))
        try:
            image = image or kept_files.keep(api, self.engine, old, spec, self._deepest)
            self._create(api, spec, image, ".next")
        except APIError:
            if old["State"]["Running"]:
                api.start(old["Id"])
            raise
        remove_container(api, old["Id"])
        api.rename(self.engine.name(spec.resource_id) + ".next", self.engine.name(spec.resource_id))
        kept_files.forget(api, self.engine, spec.resource_id)

    def _create(self, api: APIClient, spec: ContainerSpec, image: str, suffix: str) -> None:
        beginning = base(api, image)
        for path, name in own_volumes(self.engine, spec, beginning).items():
            labels = self.engine.labels(spec.kind, spec.resource_id, spec.account_id)
            api.create_volume(name, labels=labels | {PATH_LABEL: path})
        name = self.engine.name(spec.resource_id) + suffix
        config = container_config(self.engine, spec, beginning)
        try:
            if spec.files:
                _create_with_files(api, config, name, spec)
            else:
                api.create_container_from_config(config, name)
        except APIError as error:
            if error.status_code != CONFLICT or not self._own(api, spec.resource_id, suffix):
                raise

    def _join_network(self, api: APIClient, container: Json, spec: ContainerSpec) -> Json:
        """Connect the container to its network again, unless it runs on it, or is on it as specified.

        The network may have been removed by hand and created again since it was connected.
        """
        name = self.engine.name(spec.network_id)
        try:
            network: Json = api.inspect_network(name)
        except NotFound:
            raise Refused(
                f"cannot create {spec.resource_id}: there is no network {spec.network_id}"
            ) from None
        seen: Json | None = container["NetworkSettings"]["Networks"].get(name)
        is_there = seen is not None and seen["NetworkID"] in {"", network["Id"]}
        if seen and is_there and (container["State"]["Running"] or is_attached(spec, seen)):
            return container
        return self._connect(api, container, spec)

    def _reattach(self, api: APIClient, spec: ContainerSpec) -> Json:
        container = self._finish_replacement(api, spec.resource_id)
        if container is None:
            raise Refused(f"cannot connect {spec.resource_id}: it has no container")
        seen = container["NetworkSettings"]["Networks"].get(self.engine.name(spec.network_id))
        return container if seen and is_attached(spec, seen) else self._connect(api, container, spec)

    def _connect(self, api: APIClient, container: Json, spec: ContainerSpec) -> Json:
        name = self.engine.name(spec.network_id)
        if name in container["NetworkSettings"]["Networks"]:
            api.disconnect_container_from_network(container["Id"], name, force=True)
        wanted = endpoint(spec)
        api.connect_container_to_network(
            container["Id"], name, aliases=wanted["Aliases"], ipv4_address=spec.address
        )
        return api.inspect_container(container["Id"])

    def _start(self, api: APIClient, resource_id: str) -> Json:
        container = self._finish_replacement(api, resource_id)
        if container is None:
            raise Refused(f"cannot start {resource_id}: it has no container")
        if container["State"]["Status"] == "paused":
            api.unpause(container["Id"])
        elif container["State"]["Status"] != "running":
            refuse_made_up_volumes(api, self.engine, container)
            api.start(container["Id"])
        return api.inspect_container(container["Id"])

    def _leave_network(self, api: APIClient, resource_id: str) -> None:
        container = self._finish_replacement(api, resource_id)
        if container is None:
            return
        for name in container["NetworkSettings"]["Networks"]:
            leave = partial(api.disconnect_container_from_network, container["Id"], name, force=True)
            tolerate_missing(leave)

    def _keep_files(self, api: APIClient, spec: ContainerSpec) -> None:
        container = self._finish_replacement(api, spec.resource_id)
        if container is not None:
            kept_files.keep(api, self.engine, container, spec, self._deepest)
            remove_container(api, container["Id"])

    def _remove(self, api: APIClient, resource_id: str) -> None:
        # By label, not by name: others may have created objects with our name.
        filters = self.engine.only(resource_id=resource_id)
        for container in api.containers(all=True, filters=filters):
            remove_container(api, container["Id"])
        for volume in _own_volumes(api, filters):
            tolerate_missing(partial(api.remove_volume, volume["Name"]))
        kept_files.forget(api, self.engine, resource_id)


def _own_volumes(api: APIClient, filters: Json) -> list[Json]:
    """Return the volumes that belong to containers, without those that are resources."""
    volumes: list[Json] = api.volumes(filters=filters)["Volumes"] or []
    return [volume for volume in volumes if PATH_LABEL in (volume["Labels"] or {})]


def _create_with_files(api: APIClient, config: Json, name: str, spec: ContainerSpec) -> None:
    """Create a container, which gets its name when its files are in it: none starts without its files."""
    making = f"{name}.making"
    tolerate_missing(partial(api.remove_container, making, force=True, v=True))
    api.create_container_from_config(config, making)
    api.put_archive(making, "/", archive(spec.files))
    api.rename(making, name)


def _seen(container: Json) -> SeenContainer:
    state, settings = container["State"], container["HostConfig"]
    status = _STATES[state["Status"]]
    finished_at = moment_or_none(state["FinishedAt"])
    ended = finished_at is not None and status not in {"created", "running", "paused"}
    network = container["NetworkSettings"]["Networks"].get(settings["NetworkMode"]) or {}
    return SeenContainer(
        state=status,
        generation=generation(container["Config"]["Labels"]),
        started_at=moment_or_none(state["StartedAt"]),
        finished_at=finished_at,
        exit_code=state["ExitCode"] if ended else None,
        oom_killed=state["OOMKilled"],
        address=network.get("IPAddress") or None,
        cpus=settings["NanoCpus"] / 1_000_000_000,
        memory_mb=settings["Memory"] // (1024 * 1024),
        shm_mb=settings["ShmSize"] // (1024 * 1024),
        program=container["Config"]["Labels"].get(PROGRAM_LABEL),
        image_digest=_image_digest(container),
    )


def _image_digest(container: Json) -> str | None:
    own = container["Name"].removeprefix("/").removesuffix(".next")
    return None if container["Config"]["Image"].startswith(f"{own}:") else container["Image"]
