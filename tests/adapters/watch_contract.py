"""The contract of every adapter of EngineWatch."""

import asyncio
from collections.abc import AsyncIterator

from domain.ports import EngineEvent
from tests.adapters.world import ACCOUNT, DEADLINE_S, Infrastructure


async def until(events: AsyncIterator[EngineEvent], action: str) -> list[EngineEvent]:
    """Return the events up to the first with the action."""
    seen: list[EngineEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in events:
            seen.append(event)
            if event.action == action:
                break
    return seen


class WatchContract:
    async def test_a_life_is_told_in_order(self, world: Infrastructure) -> None:
        events = world.watch.watch(None)
        spec = world.spec()
        await world.running(spec)
        await world.accidents.crash(spec.resource_id, 3)
        seen = await until(events, "die")
        assert [event.action for event in seen] == ["create", "start", "die"]
        assert {(event.kind, event.resource_id) for event in seen} == {("instance", spec.resource_id)}
        assert [event.exit_code for event in seen] == [None, None, 3]
        assert [event.at for event in seen] == sorted(event.at for event in seen)

    async def test_networks_and_volumes_are_told(self, world: Infrastructure) -> None:
        events = world.watch.watch(None)
        volume_id = world.id("vol", "data")
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        await world.volumes.remove(volume_id)
        await world.networks.remove(world.network_id)
        seen = await until(events, "destroy") + await until(events, "destroy")
        assert [(event.kind, event.resource_id, event.action) for event in seen] == [
            ("volume", volume_id, "create"),
            ("volume", volume_id, "destroy"),
            ("vpc", world.network_id, "destroy"),
        ]

    async def test_it_resumes_without_a_gap_or_a_double(self, world: Infrastructure) -> None:
        first = world.watch.watch(None)
        spec = world.spec()
        await world.running(spec)
        seen = await until(first, "start")
        await world.containers.stop(spec.resource_id)
        await world.containers.start(spec.resource_id)
        await world.containers.remove(spec.resource_id)
        seen += await until(world.watch.watch(seen[-1].cursor), "destroy")
        told = {"create", "start", "die", "destroy"}
        actions = [event.action for event in seen if event.kind == "instance" and event.action in told]
        assert actions == ["create", "start", "die", "start", "die", "destroy"]
        assert len({event.cursor for event in seen}) == len(seen)

    async def test_it_ends_when_cancelled(self, world: Infrastructure) -> None:
        async def follow() -> None:
            async for _ in world.watch.watch(None):
                pass

        task = asyncio.create_task(follow())
        await world.running(world.spec())
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
