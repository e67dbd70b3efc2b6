"""Sixteen writers on one aggregate lose nothing, in one process and in several."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from adapters.event_store import migrate
from domain.volume import Volume
from miniaws.application import Cloud, Request
from miniaws.bootstrap import memory_infrastructure, open_cloud
from miniaws.settings import Settings
from tests.adapters import stores

WRITERS = 16
EACH = 3
REQUEST = Request(stores.CAUSE)


@asynccontextmanager
async def _clouds(url: str, home: Path, count: int) -> AsyncGenerator[list[Cloud]]:
    """Open several clouds on one store, as in several processes."""
    await asyncio.to_thread(migrate, url)
    settings = Settings(database_url=SecretStr(url), data_dir=home, engine="memory")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_cloud(settings, memory_infrastructure()))
            for _ in range(count)
        ]


async def _change(cloud: Cloud, name: str, writer: int) -> None:
    for number in range(EACH):
        tag = f"w{writer}-{number}"
        await cloud.change(REQUEST, Volume, name, lambda v, tag=tag: v.change_tags({**v.tags, tag: "x"}))


async def test_writers_of_several_processes_lose_nothing(database_url: str, tmp_path: Path) -> None:
    async with _clouds(database_url, tmp_path, 4) as clouds:
        volume = stores.volume()
        await clouds[0].save(REQUEST, volume)
        await asyncio.gather(*(_change(clouds[n % 4], volume.public_id, n) for n in range(WRITERS)))
        after = await clouds[1].load(Volume, stores.ACCOUNT, "data")
        events = await clouds[2].ports.store.events(volume.id)
    assert set(after.tags) == {f"w{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)}
    assert after.version == 1 + WRITERS * EACH
    assert [event.version for event in events] == list(range(1, after.version + 1))
    assert [len(event.payload["tags"]) for event in events] == list(range(after.version))


async def test_writers_of_one_process_take_turns(database_url: str, tmp_path: Path) -> None:
    async with _clouds(database_url, tmp_path, 1) as (cloud,):
        volume = stores.volume()
        await cloud.save(REQUEST, volume)
        await asyncio.gather(*(_change(cloud, "data", n) for n in range(WRITERS)))
        assert (await cloud.load(Volume, stores.ACCOUNT, "data")).version == 1 + WRITERS * EACH
    gaps = stores.positions(database_url)[-1] - WRITERS * EACH - 1
    assert gaps == 0, "no save met another: no position was handed out in vain"
