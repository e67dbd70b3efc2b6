"""Containers in memory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from adapters.memory.engine import RUNS, MemoryContainer, MemoryEngine
from domain.errors import ImageMissing, Refused
from domain.ports import ContainerSpec, ExecResult, Found, LogLine, SeenContainer


class MemoryContainers:
    """Runs containers that only pretend."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def inspect(self, resource_id: str) -> SeenContainer | None:
        """Return the container as it is, or None when there is none."""
        await self._engine.enter("containers.inspect")
        container = self._engine.containers.get(resource_id)
        return replace(container.seen(), is_held=self._engine.is_held(container)) if container else None

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        """Have this container, not started; raises ImageMissing, or Refused without its network or volumes."""
        await self._engine.enter("containers.ensure")
        old = self._engine.containers.get(spec.resource_id)
        if old and old.spec.generation >= spec.generation:
            return old.seen()
        self._check(spec)
        new = MemoryContainer(spec, spec.cpus, spec.memory_mb)
        if old:
            self._end(spec.resource_id, 0)
            new.files = old.files if spec.keeps_files else {}
            self._engine.record(spec.kind, spec.resource_id, "destroy")
        self._engine.containers[spec.resource_id] = new
        new.files |= {path: file.content for path, file in spec.files.items()}
        self._engine.record(spec.kind, spec.resource_id, "create")
        return new.seen()

    async def start(self, resource_id: str) -> SeenContainer:
        """Have it run; raises PortTaken, or Refused when there is nothing to start."""
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

    async def stop(self, resource_id: str, grace_s: int = 10) -> None:
        """End the program, if there is one."""
        del grace_s  # a pretended program always obeys
        await self._engine.enter("containers.stop")
        self._end(resource_id, 0)

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        """Change the limits; raises Refused when there is no container."""
        await self._engine.enter("containers.resize")
        container = self._engine.containers.get(resource_id)
        if container is None:
            raise Refused(f"cannot resize {resource_id}: it has no container")
        container.cpus, container.memory_mb = cpus, memory_mb

    async def remove(self, resource_id: str) -> None:
        """Have no such container."""
        await self._engine.enter("containers.remove")
        if resource_id not in self._engine.containers:
            return
        self._end(resource_id, 137)
        container = self._engine.containers.pop(resource_id)
        self._engine.record(container.spec.kind, resource_id, "destroy")

    async def execute(self, resource_id: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """Run ``echo``; every other program is not found. Raises Refused unless the container runs."""
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
        """Yield what was said, oldest first; with ``follow`` until the container stops."""
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
                f"cannot find the image {spec.image}: it is not here and no registry offers it; check its name"
            )
        if spec.network_id not in self._engine.networks:
            raise Refused(f"cannot join {spec.network_id}: there is no such network")
        for mount in spec.mounts:
            if mount.volume_id not in self._engine.volumes:
                raise Refused(f"cannot mount {mount.volume_id}: there is no such volume")
