"""Containers in memory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from adapters.memory.engine import RUNS, MemoryContainer, MemoryEngine
from domain.errors import ImageMissing, Refused
from domain.ports import ContainerSpec, ExecResult, Found, LogLine, SeenContainer


class MemoryContainers:
    """Simulates containers."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def inspect(self, resource_id: str) -> SeenContainer | None:
        """Return the container, or None when it does not exist."""
        await self._engine.enter("containers.inspect")
        container = self._engine.containers.get(resource_id)
        return replace(container.seen(), is_held=self._engine.is_held(container)) if container else None

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        """Create this container, stopped. Raises ImageMissing, or Refused without its network or volumes."""
        await self._engine.enter("containers.ensure")
        old = self._engine.containers.get(spec.resource_id)
        if old and old.spec.generation >= spec.generation:
            old.has_network = True
            if old.state not in RUNS:
                old.spec = replace(old.spec, address=spec.address, aliases=spec.aliases)
            return old.seen()
        self._check(spec)
        new = MemoryContainer(spec, spec.cpus, spec.memory_mb)
        if not (spec.keeps_files and (old or spec.resource_id in self._engine.files_kept)):
            new.image_digest = self._engine.content(spec.image)
        if old is None and spec.keeps_files:
            new.files = self._engine.files_kept.pop(spec.resource_id, {})
        if old:
            self._end(spec.resource_id, 0)
            if spec.keeps_files:
                new.files = old.files
                name = f"docker.io/library/pretended-{spec.resource_id}:{spec.generation}"
                self._engine.kept_images[spec.resource_id] = name
            self._engine.record(spec.kind, spec.resource_id, "destroy")
        self._engine.containers[spec.resource_id] = new
        new.files |= {path: file.content for path, file in spec.files.items()}
        self._engine.record(spec.kind, spec.resource_id, "create")
        return new.seen()

    async def start(self, resource_id: str) -> SeenContainer:
        """Start it. Raises PortTaken, or Refused when there is no container."""
        await self._engine.enter("containers.start")
        container = self._engine.containers.get(resource_id)
        if container is None:
            raise Refused(f"cannot start {resource_id}: it has no container")
        if container.state == "paused":
            container.state = "running"
            self._engine.record(container.spec.kind, resource_id, "unpause")
        elif container.state != "running":
            self._engine.begin(resource_id)
        return container.seen()

    async def stop(self, resource_id: str, grace_s: int | None = None) -> None:
        """Stop the program, if there is one."""
        del grace_s  # a simulated program always stops
        await self._engine.enter("containers.stop")
        self._end(resource_id, 0)

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        """Change the limits. Raises Refused when there is no container."""
        await self._engine.enter("containers.resize")
        container = self._engine.containers.get(resource_id)
        if container is None:
            raise Refused(f"cannot resize {resource_id}: it has no container")
        container.cpus, container.memory_mb = cpus, memory_mb

    async def leave_network(self, resource_id: str) -> None:
        """Take a stopped container off its network."""
        await self._engine.enter("containers.leave_network")
        if container := self._engine.containers.get(resource_id):
            container.has_network = False

    async def reattach(self, spec: ContainerSpec) -> SeenContainer:
        """Set the address and the names of a container to those of its specification."""
        await self._engine.enter("containers.reattach")
        container = self._engine.containers.get(spec.resource_id)
        if container is None:
            raise Refused(f"cannot connect {spec.resource_id}: it has no container")
        if container.state in RUNS:
            container.address = self._engine.address_for(spec)
        container.spec = replace(container.spec, address=spec.address, aliases=spec.aliases)
        container.has_network = True
        return container.seen()

    async def keep_files(self, spec: ContainerSpec) -> None:
        """Remove a stopped container, and keep its files."""
        await self._engine.enter("containers.keep_files")
        container = self._engine.containers.pop(spec.resource_id, None)
        if container is not None:
            self._engine.files_kept[spec.resource_id] = container.files
            self._engine.record(spec.kind, spec.resource_id, "destroy")

    async def remove(self, resource_id: str) -> None:
        """Remove the container, and the files that were kept of it."""
        await self._engine.enter("containers.remove")
        self._engine.files_kept.pop(resource_id, None)
        if resource_id not in self._engine.containers:
            return
        self._end(resource_id, 137)
        container = self._engine.containers.pop(resource_id)
        self._engine.kept_images.pop(resource_id, None)
        self._engine.record(container.spec.kind, resource_id, "destroy")

    async def execute(self, resource_id: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """Run ``echo``; any other program is not found. Raises Refused unless the container runs."""
        del timeout_s
        await self._engine.enter("containers.execute")
        container = self._engine.containers.get(resource_id)
        if container is None or container.state != "running":
            raise Refused(f"cannot run a program in {resource_id}: it does not run")
        if argv[0] == "echo":
            return ExecResult(0, " ".join(argv[1:]).encode() + b"\n", b"")
        return ExecResult(127, b"", f"{argv[0]}: not found\n".encode())

    async def logs(
        self, resource_id: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield the output, oldest first; with ``follow`` until the container stops."""
        await self._engine.enter("containers.logs")
        container = self._engine.containers.get(resource_id)
        if container is None:
            raise Refused(f"cannot read the log of {resource_id}: it has no container")
        at = 0 if tail is None else max(0, len(container.lines) - tail)
        while True:
            while at < len(container.lines):
                yield container.lines[at]
                at += 1
            if not follow or container.state not in RUNS:
                return
            await self._engine.wait()

    async def found(self) -> list[Found]:
        """Return every container."""
        await self._engine.enter("containers.found")
        return [Found(c.spec.kind, i, c.spec.generation) for i, c in self._engine.containers.items()]

    def _end(self, resource_id: str, exit_code: int) -> None:
        container = self._engine.containers.get(resource_id)
        if container and container.state in RUNS:
            self._engine.end(resource_id, exit_code)

    def _check(self, spec: ContainerSpec) -> None:
        if not self._engine.has_image(spec.image):
            raise ImageMissing(
                f"cannot find the image {spec.image}: it does not exist on this host or in a registry; check its name"
            )
        if spec.network_id not in self._engine.networks:
            raise Refused(f"cannot join {spec.network_id}: there is no such network")
        for mount in spec.mounts:
            if mount.volume_id not in self._engine.volumes:
                raise Refused(f"cannot mount {mount.volume_id}: there is no such volume")
