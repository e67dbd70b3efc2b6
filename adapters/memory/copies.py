"""Copies of volumes in memory."""

from dataclasses import dataclass, field

from adapters.memory.engine import RUNS, MemoryContainer, MemoryEngine
from domain.errors import Refused
from domain.snapshot.copies import CopyResult, SeenTask, Source, Task, User

Files = dict[str, bytes]


@dataclass(slots=True)
class MemoryTask:
    """A simulated task: it ends when a test ends it, or at once."""

    task: Task
    seen: SeenTask


@dataclass(slots=True)
class MemoryRepository:
    """Copies by id, each with the files of its volumes."""

    key: bytes
    copies: dict[str, dict[str, Files]] = field(default_factory=dict[str, dict[str, Files]])
    owners: dict[str, str] = field(default_factory=dict[str, str])
    damaged: set[str] = field(default_factory=set[str])


class MemoryCopies:
    """Simulates copies of volumes.

    ``is_slow`` leaves tasks running until ``finish``; tests can damage ``repositories``.
    """

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.tasks: dict[str, MemoryTask] = {}
        self.repositories: dict[str, MemoryRepository] = {}
        self.is_slow = False
        self._made = 0
        engine.is_held = self._is_held

    async def begin(self, task: Task) -> bool:
        """Start this task, unless the repository has another one."""
        await self._engine.enter("copies.begin")
        present = self.tasks.get(task.repository_id)
        if present is not None and (present.task.verb != "verify" or task.verb == "verify"):
            return present.task.owner_id == task.owner_id
        if task.verb == "copy":
            for volume_id in task.volumes:
                if volume_id not in self._engine.volumes:
                    raise Refused(f"cannot copy {volume_id}: the volume is gone")
        if self._would_disturb(task):
            return False
        started_at = self._engine.clock()
        self.tasks[task.repository_id] = MemoryTask(
            task, SeenTask(task.verb, "running", task.waits, started_at)
        )
        if not self.is_slow:
            self.finish(task.repository_id)
        return True

    def finish(self, repository_id: str) -> None:
        """Complete a running task, or advance it to the point where it waits."""
        mine = self.tasks[repository_id]
        task, seen = mine.task, mine.seen
        if task.waits:
            mine.seen = SeenTask(task.verb, "ready", task.waits, seen.started_at)
            return
        repository = self.repositories.get(task.repository_id)
        if task.verb == "copy":
            copied = self._copy(task)
            mine.seen = SeenTask("copy", "ended", started_at=seen.started_at, copied=copied)
        elif task.source is not None:
            mine.seen = self._transfer(task, task.source)
        elif task.verb == "forget":
            if repository is not None:
                repository.copies.pop(repository.owners.pop(task.owner_id, ""), None)
            if task.is_last:
                self.repositories.pop(task.repository_id, None)
            mine.seen = SeenTask("forget", "ended", started_at=seen.started_at)
        else:
            mine.seen = self._read(task, repository)
        self._tell(task)

    async def look(self, repository_id: str, owner_id: str) -> SeenTask | None:
        """Return the task of the resource, or None."""
        await self._engine.enter("copies.look")
        mine = self.tasks.get(repository_id)
        return mine.seen if mine is not None and mine.task.owner_id == owner_id else None

    async def end(self, repository_id: str, owner_id: str, timeout_s: float = 0) -> None:
        """Remove the task of this resource."""
        del timeout_s  # a simulated task has always ended
        await self._engine.enter("copies.end")
        mine = self.tasks.get(repository_id)
        if mine is not None and mine.task.owner_id == owner_id:
            del self.tasks[repository_id]

    async def users(self, volume_ids: tuple[str, ...]) -> list[User]:
        """Return the users of the volumes."""
        await self._engine.enter("copies.users")
        return [
            User(c.spec.resource_id, c.state, c.started_at, is_ours=True) for c in self._mounting(volume_ids)
        ]

    async def pause(self, volume_ids: tuple[str, ...]) -> list[str]:
        """Pause the running users of the volumes."""
        await self._engine.enter("copies.pause")
        running = [c.spec.resource_id for c in self._mounting(volume_ids) if c.state == "running"]
        for resource_id in running:
            self._engine.pause(resource_id)
        return running

    async def proceed(self, repository_id: str, owner_id: str) -> CopyResult:
        """Copy now. Raises Refused when there is no task."""
        await self._engine.enter("copies.proceed")
        mine = self.tasks.get(repository_id)
        if mine is None or mine.task.owner_id != owner_id:
            raise Refused(f"cannot copy {owner_id}: the task ended early")
        copied = self._copy(mine.task)
        mine.seen = SeenTask("copy", "ended", waits=True, started_at=mine.seen.started_at, copied=copied)
        return copied

    async def release(self, volume_ids: tuple[str, ...]) -> None:
        """Resume paused containers."""
        await self._engine.enter("copies.release")
        for container in self._mounting(volume_ids):
            if container.state == "paused":
                container.state = "running"
                self._engine.record(container.spec.kind, container.spec.resource_id, "unpause")

    async def discard(self, repository_id: str) -> None:
        """Remove the repository."""
        await self._engine.enter("copies.discard")
        self.repositories.pop(repository_id, None)

    def _would_disturb(self, task: Task) -> bool:
        running = [mine.task for mine in self.tasks.values() if mine.seen.state == "running"]
        if task.verb == "forget":
            return any(each.source and each.source.repository_id == task.repository_id for each in running)
        other = self.tasks.get(task.source.repository_id) if task.source else None
        return other is not None and other.task.verb == "forget"

    def _mounting(self, volume_ids: tuple[str, ...]) -> list[MemoryContainer]:
        return [
            container
            for container in self._engine.containers.values()
            if any(mount.volume_id in volume_ids for mount in container.spec.mounts)
        ]

    def _is_held(self, container: MemoryContainer) -> bool:
        mounted = {mount.volume_id for mount in container.spec.mounts}
        return container.state in RUNS - {"running"} and any(
            mine.task.waits and mounted & set(mine.task.volumes) for mine in self.tasks.values()
        )

    def _copy(self, task: Task) -> CopyResult:
        held = {volume_id: dict(self._engine.volumes[volume_id].files) for volume_id in task.volumes}
        return self._keep(task, held)

    def _transfer(self, task: Task, source: Source) -> SeenTask:
        started_at = self.tasks[task.repository_id].seen.started_at
        repository = self.repositories.get(source.repository_id)
        held = repository.copies.get(source.copy_id) if repository else None
        if held is None:
            return SeenTask("transfer", "failed", started_at=started_at, reason="there is no such copy")
        return SeenTask("transfer", "ended", started_at=started_at, copied=self._keep(task, held))

    def _keep(self, task: Task, held: dict[str, Files]) -> CopyResult:
        repository = self.repositories.setdefault(task.repository_id, MemoryRepository(task.key))
        if repository.key != task.key:
            raise Refused("cannot open the repository: wrong key")
        self._made += 1
        copy_id = f"copy-{self._made}"
        repository.copies.pop(repository.owners.get(task.owner_id, ""), None)
        repository.copies[copy_id], repository.owners[task.owner_id] = held, copy_id
        size = sum(len(content) for files in held.values() for content in files.values())
        return CopyResult(copy_id, sum(map(len, held.values())), size, size)

    def _read(self, task: Task, repository: MemoryRepository | None) -> SeenTask:
        started_at = self.tasks[task.repository_id].seen.started_at
        held = repository.copies.get(task.copy_id) if repository is not None else None
        if repository is None or held is None or task.copy_id in repository.damaged:
            reason = "the copy cannot be read"
            return SeenTask(task.verb, "failed", started_at=started_at, reason=reason, is_damage=True)
        if task.verb == "restore":
            self._engine.volumes[task.into].files.clear()
            self._engine.volumes[task.into].files.update(held[task.volumes[0]])
        return SeenTask(task.verb, "ended", started_at=started_at)

    def _tell(self, task: Task) -> None:
        self._engine.record(task.kind, f"{task.owner_id}.{task.verb}", "die", 0)
