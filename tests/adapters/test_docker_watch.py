"""Behaviour of watches that only a real engine has."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.docker import DockerEngine, DockerWatch
from domain.errors import Unreachable
from tests.adapters.watch_contract import until
from tests.adapters.world import DEADLINE_S, GREEDY, Infrastructure, real_world

LIFE = {"create", "start", "die", "destroy"}


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@dataclass
class Wire:
    """A connection to the engine that can be interrupted."""

    host: str
    ends: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    def cut(self) -> None:
        for end in self.ends:
            end.transport.abort()


@asynccontextmanager
async def wire_to(engine: str, directory: Path) -> AsyncGenerator[Wire]:
    place = directory / "wire.sock"
    wire = Wire(f"unix://{place}")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_engine = await asyncio.open_unix_connection(engine.removeprefix("unix://"))
        wire.ends += [writer, to_engine[1]]
        try:
            await asyncio.gather(pour(reader, to_engine[1]), pour(to_engine[0], writer))
        except ConnectionError:
            wire.cut()

    server = await asyncio.start_unix_server(connected, place)
    yield wire
    server.close()
    wire.cut()


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(65536):
        writer.write(some)
        await writer.drain()


async def test_an_end_is_seen_within_a_second(world: Infrastructure) -> None:
    events = world.watch.watch(None)
    spec = world.spec()
    await world.running(spec)
    await until(events, "start")
    await world.accidents.kill(spec.resource_id)
    ended = time.monotonic()
    died = (await until(events, "die"))[-1]
    assert time.monotonic() - ended < 1
    assert died.exit_code == 137


async def test_a_lack_of_memory_is_told(world: Infrastructure) -> None:
    events = world.watch.watch(None)
    await world.running(world.spec(command=GREEDY))
    actions = {event.action for event in await until(events, "die")}
    assert "oom" in actions


async def test_a_cut_is_told_and_nothing_is_lost(
    world: Infrastructure, engine: str, cloud_name: str, tmp_path: Path
) -> None:
    async with wire_to(engine, tmp_path) as wire:
        own = DockerEngine(wire.host, cloud_name)
        watch = DockerWatch(own)
        events = watch.watch(None)
        spec = world.spec()
        await world.running(spec)
        seen = await until(events, "start")
        wire.cut()
        with pytest.raises(Unreachable, match="cannot watch"):
            await until(events, "never")
        for _ in range(3):
            await world.containers.stop(spec.resource_id)
            await world.containers.start(spec.resource_id)
        await world.containers.remove(spec.resource_id)
        seen += await until(watch.watch(seen[-1].cursor), "destroy")
        await own.close()
    told = [event.action for event in seen if event.kind == "instance" and event.action in LIFE]
    assert told == ["create", "start", *["die", "start"] * 3, "die", "destroy"]


async def test_a_new_watch_repeats_rather_than_misses(
    world: Infrastructure, engine: str, cloud_name: str
) -> None:
    events = world.watch.watch(None)
    spec = world.spec()
    await world.running(spec)
    last = (await until(events, "start"))[-1]
    await world.containers.remove(spec.resource_id)
    own = DockerEngine(engine, cloud_name)
    seen = await until(DockerWatch(own).watch(last.cursor), "destroy")
    await own.close()
    of_it = [event.action for event in seen if event.resource_id == spec.resource_id]
    assert of_it[:2] == ["create", "start"]
    assert of_it[-2:] == ["die", "destroy"]


async def test_what_others_do_is_not_told(world: Infrastructure, engine: str, cloud_name: str) -> None:
    own = DockerEngine(engine, f"{cloud_name}-2")
    events = DockerWatch(own).watch(None)
    first = asyncio.ensure_future(anext(events))
    here = world.watch.watch(None)
    await world.running(world.spec())
    await until(here, "start")
    assert not first.done()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await own.close()


async def test_watching_and_following_need_no_thread(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    many = [asyncio.create_task(read_all(world, spec.resource_id)) for _ in range(20)]
    # Twice as many followers as threads, and calls still go through.
    async with asyncio.timeout(DEADLINE_S):
        assert await world.containers.inspect(spec.resource_id)
        await world.containers.stop(spec.resource_id)
        assert all("listening" in lines[0] for lines in await asyncio.gather(*many))


async def read_all(world: Infrastructure, resource_id: str) -> list[str]:
    return [line.text async for line in world.containers.logs(resource_id, follow=True)]
