"""The contract of every adapter of Copies."""

import asyncio
from dataclasses import replace

import pytest

from domain.errors import Refused
from domain.ports import Mount
from domain.snapshot.copies import CopyResult, SeenTask, Task
from tests.adapters.world import ACCOUNT, Infrastructure, eventually

KEY = b"the-key-of-the-repository"


class Desk:
    """Runs tasks of one repository to completion."""

    def __init__(self, world: Infrastructure) -> None:
        self.world = world
        self.repository_id = world.id("r", "repository")

    def task(self, owner: str, **changes: object) -> Task:
        wanted = Task("copy", "snapshot", self.world.id("snap", owner), ACCOUNT, self.repository_id, KEY)
        return replace(wanted, **changes)

    async def seen(self, task: Task, *states: str) -> SeenTask:
        async def look() -> SeenTask | None:
            found = await self.world.copies.look(self.repository_id, task.owner_id)
            return found if found is not None and found.state in states else None

        return await eventually(look)

    async def done(self, task: Task) -> SeenTask:
        assert await self.world.copies.begin(task)
        found = await self.seen(task, "ended", "failed")
        await self.world.copies.end(self.repository_id, task.owner_id)
        return found

    async def copy(self, owner: str, *volumes: str) -> CopyResult:
        found = await self.done(self.task(owner, volumes=volumes))
        assert found.copied is not None, found.reason
        return found.copied

    async def volume(self, word: str) -> str:
        volume_id = self.world.id("vol", word)
        await self.world.volumes.ensure(volume_id, ACCOUNT, None)
        return volume_id


class CopiesContract:
    async def test_a_copy_is_taken_verified_restored_and_forgotten(self, world: Infrastructure) -> None:
        desk = Desk(world)
        source, target = await desk.volume("data"), await desk.volume("new")
        copied = await desk.copy("first", source)
        checked = desk.task("first", verb="verify", copy_id=copied.copy_id, volumes=(source,))
        assert (await desk.done(checked)).state == "ended"
        assert (await desk.done(replace(checked, is_thorough=True))).state == "ended"
        restored = replace(checked, verb="restore", kind="volume", owner_id=target, into=target)
        assert (await desk.done(restored)).state == "ended"
        for _ in range(2):
            assert (await desk.done(desk.task("first", verb="forget"))).state == "ended"
        assert (await desk.done(checked)).is_damage
        await world.copies.discard(desk.repository_id)
        await world.copies.discard(desk.repository_id)
        assert (await desk.done(checked)).is_damage
        await world.copies.discard(desk.repository_id)

    async def test_of_tasks_that_begin_at_once_one_goes_first(self, world: Infrastructure) -> None:
        desk = Desk(world)
        await desk.copy("first", await desk.volume("data"))
        tasks = [desk.task(owner, verb="forget") for owner in ("first", "second", "third")]
        began = await asyncio.gather(*map(world.copies.begin, tasks))
        assert sorted(began) == [False, False, True]
        first = tasks[began.index(True)]
        assert (await desk.seen(first, "ended", "failed")).state == "ended"
        await world.copies.end(desk.repository_id, first.owner_id)
        await world.copies.discard(desk.repository_id)

    async def test_a_repository_has_one_task_at_a_time_and_verifying_gives_way(
        self, world: Infrastructure
    ) -> None:
        desk = Desk(world)
        source = await desk.volume("data")
        first, second = (desk.task(word, volumes=(source,)) for word in ("first", "second"))
        assert await world.copies.begin(first)
        assert await world.copies.begin(first)
        assert not await world.copies.begin(second)
        assert await world.copies.look(desk.repository_id, second.owner_id) is None
        copied = (await desk.seen(first, "ended")).copied
        assert copied is not None
        assert not await world.copies.begin(second)
        await world.copies.end(desk.repository_id, second.owner_id)
        assert await world.copies.look(desk.repository_id, first.owner_id) is not None
        await world.copies.end(desk.repository_id, first.owner_id)
        assert await world.copies.begin(replace(first, verb="verify", copy_id=copied.copy_id))
        assert await world.copies.begin(second)
        await desk.seen(second, "ended")
        await world.copies.end(desk.repository_id, second.owner_id)
        await world.copies.discard(desk.repository_id)

    async def test_who_writes_is_paused_while_a_copy_that_waits_is_taken(self, world: Infrastructure) -> None:
        desk = Desk(world)
        source = await desk.volume("data")
        spec = world.spec(mounts=(Mount(source, "/data"),))
        await world.running(spec)
        task = desk.task("first", volumes=(source,), waits=True)
        assert await world.copies.begin(task)
        await desk.seen(task, "ready")
        assert await world.copies.pause((source,)) == [spec.resource_id]
        assert await world.copies.pause((source,)) == []
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert (seen.state, seen.is_held) == ("paused", True)
        ((name, state),) = [(user.name, user.state) for user in await world.copies.users((source,))]
        assert (name, state) == (spec.resource_id, "paused")
        copied = await world.copies.proceed(desk.repository_id, task.owner_id)
        for _ in range(2):
            await world.copies.release((source,))
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert (seen.state, seen.is_held) == ("running", False)
        await world.copies.end(desk.repository_id, task.owner_id, 10)
        check = desk.task("first", verb="verify", copy_id=copied.copy_id)
        assert (await desk.done(check)).state == "ended"
        # Without a task, a pause is nobody's but who paused.
        await world.accidents.pause(spec.resource_id)
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert not seen.is_held
        await world.copies.discard(desk.repository_id)

    async def test_a_task_that_is_gone_cannot_proceed(self, world: Infrastructure) -> None:
        desk = Desk(world)
        with pytest.raises(Refused):
            await world.copies.proceed(desk.repository_id, world.id("snap", "first"))

    async def test_a_missing_volume_is_refused_and_not_made_up(self, world: Infrastructure) -> None:
        desk = Desk(world)
        missing = world.id("vol", "missing")
        with pytest.raises(Refused, match=f"{missing}: the volume is gone"):
            await world.copies.begin(desk.task("first", volumes=(missing,)))
        assert not await world.volumes.exists(missing)
        await world.copies.discard(desk.repository_id)
