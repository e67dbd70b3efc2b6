"""Calls that move much data have a long timeout, all others a short one."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.docker import DockerContainers, DockerEngine
from adapters.docker.client import Timeouts
from domain.errors import Unreachable
from miniaws.tasks import end
from tests.adapters.world import Infrastructure, real_world

SHORT_S = 2
"""The timeout of a short call in these tests; a slow call takes twice as long."""
REQUEST = re.compile(rb"(?:GET|POST|DELETE|PUT) [^ ]+ HTTP/1.1\r\n")


@asynccontextmanager
async def slow_engine(engine: str, directory: Path, slow: str) -> AsyncGenerator[str]:
    """An engine that delays requests that match a pattern."""
    place, pattern = directory / "slow.sock", re.compile(slow.encode())
    pouring, ends = set[asyncio.Task[None]](), list[asyncio.StreamWriter]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_engine, to_engine = await asyncio.open_unix_connection(engine.removeprefix("unix://"))
        ends.extend((writer, to_engine))
        pouring.add(asyncio.create_task(pour(reader, to_engine, pattern)))
        pouring.add(asyncio.create_task(pour(from_engine, writer, None)))

    server = await asyncio.start_unix_server(connected, place)
    yield f"unix://{place}"
    server.close()
    await end(*pouring)
    for each in ends:
        each.transport.abort()
    await asyncio.gather(*(each.wait_closed() for each in ends), return_exceptions=True)


async def pour(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late: re.Pattern[bytes] | None
) -> None:
    with contextlib.suppress(ConnectionError):
        while some := await reader.read(65536):
            if late is not None and any(late.search(line) for line in REQUEST.findall(some)):
                await asyncio.sleep(2 * SHORT_S)
            writer.write(some)
            await writer.drain()
    writer.close()


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@asynccontextmanager
async def containers(
    engine: str, cloud_name: str, directory: Path, slow: str, timeouts: Timeouts
) -> AsyncGenerator[DockerContainers]:
    async with slow_engine(engine, directory, slow) as host:
        docker = DockerEngine(host, cloud_name, timeouts)
        yield DockerContainers(docker, deepest=1 if "images/create" in slow else 40)
        await docker.close()


@pytest.mark.parametrize(
    "slow",
    ["POST /v[^/]+/commit", "POST /v[^/]+/images/create|GET .*/export", "DELETE .*/containers/", "/stop"],
)
async def test_keeping_the_files_of_a_container_may_take_longer_than_a_short_call(
    world: Infrastructure, engine: str, cloud_name: str, tmp_path: Path, slow: str
) -> None:
    spec = world.spec()
    await world.running(spec)
    async with containers(engine, cloud_name, tmp_path, slow, Timeouts(SHORT_S, 60)) as own:
        seen = await own.ensure(replace(spec, generation=2))
        assert seen.generation == 2
        assert (await own.start(spec.resource_id)).state == "running"


async def test_a_short_call_that_is_not_answered_is_given_up(
    world: Infrastructure, engine: str, cloud_name: str, tmp_path: Path
) -> None:
    await world.running(world.spec())
    async with containers(engine, cloud_name, tmp_path, "/containers/json", Timeouts(SHORT_S, 60)) as own:
        with pytest.raises(Unreachable, match="does not answer"):
            await own.found()


async def test_a_long_call_is_given_up_too_in_the_end(
    world: Infrastructure, engine: str, cloud_name: str, tmp_path: Path
) -> None:
    spec = world.spec()
    await world.running(spec)
    async with containers(engine, cloud_name, tmp_path, "/commit", Timeouts(SHORT_S, SHORT_S)) as own:
        with pytest.raises(Unreachable, match="does not answer"):
            await own.ensure(replace(spec, generation=2))
    # Nothing is lost: what was cut off is done again.
    assert (await world.containers.ensure(replace(spec, generation=2))).generation == 2


async def test_many_long_calls_leave_room_for_short_ones(
    world: Infrastructure, engine: str, cloud_name: str, tmp_path: Path
) -> None:
    specs = [world.spec(f"web-{number}") for number in range(10)]
    for spec in specs:
        await world.containers.ensure(spec)
    async with containers(engine, cloud_name, tmp_path, "/commit", Timeouts(60, 60)) as own:
        replacing = [asyncio.create_task(own.ensure(replace(spec, generation=2))) for spec in specs]
        await asyncio.sleep(SHORT_S / 2)
        assert len(await own.found()) >= len(specs)
        assert not all(task.done() for task in replacing)
        for seen in await asyncio.gather(*replacing):
            assert seen.generation == 2


def test_by_default_hours_are_not_waited_and_minutes_are() -> None:
    assert Timeouts().short_s == 60
    assert 600 <= Timeouts().long_s <= 3600
