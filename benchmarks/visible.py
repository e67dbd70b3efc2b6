"""How long after a change is on disk it is in reads, and in the stream of events."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import uvloop

from adapters.event_store import PostgresEventStore, ProjectedPosition
from adapters.vault import Vault
from benchmarks import machine, servers, tables
from domain.access_key import FIRST_ACCOUNT
from domain.store import Append, Cause
from domain.volume import Volume

COMMANDS = 300
EVERY_S = 0.02


def run() -> None:
    """Measure at 50 commands a second, with the API and the controller running."""
    with machine.home() as place, servers.cloud(place, MINIAWS_ENGINE="memory") as cloud:
        visible, streamed = uvloop.run(_measure(cloud, place))
    print(f"\naccepted to visible, {1 / EVERY_S:.0f} commands a second")
    for name, seconds in (("in reads", visible), ("in the stream", streamed)):
        tables.show(f"{name}, p50", tables.percentile(seconds, 0.5) * 1000, "ms")
        tables.show(f"{name}, p99", tables.percentile(seconds, 0.99) * 1000, "ms", at_most=25)


async def _measure(cloud: servers.Cloud, place: Path) -> tuple[list[float], list[float]]:
    store = PostgresEventStore(cloud.url, Vault.at(place / "master.key"))
    visibility = ProjectedPosition(cloud.url)
    arrived: dict[int, float] = {}
    connected = asyncio.Event()
    background = [
        asyncio.create_task(visibility.run()),
        asyncio.create_task(_stream(cloud, connected, arrived)),
    ]
    await connected.wait()
    await visibility.wait_for(await _append(store, "warm-up"), 10)
    written: dict[int, float] = {}
    visible: list[float] = []
    for number in range(COMMANDS):
        position = await _append(store, f"v-{number}")
        written[position] = time.perf_counter()
        assert await visibility.wait_for(position, 10)  # noqa: S101 - nothing else makes sense
        visible.append(time.perf_counter() - written[position])
        await asyncio.sleep(max(0.0, EVERY_S - visible[-1]))
    async with asyncio.timeout(10):
        while not written.keys() <= arrived.keys():  # noqa: ASYNC110 - another task reads
            await asyncio.sleep(0.01)
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    await store.close()
    return visible, [arrived[position] - at for position, at in written.items()]


async def _append(store: PostgresEventStore, name: str) -> int:
    volume = Volume.create(FIRST_ACCOUNT, f"{name}-{uuid4().hex[:8]}", None, {})
    append = Append(volume.collect_events(), Cause("key-bench", FIRST_ACCOUNT), [volume.take_conditions()])
    return (await store.append(append)).position


async def _stream(cloud: servers.Cloud, connected: asyncio.Event, arrived: dict[int, float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", cloud.port)
    lines = [
        "GET /api/dashboard/stream?include=events HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {cloud.key}",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async for line in reader:
            connected.set()
            if line.startswith(b"id: "):
                arrived[int(line[4:])] = time.perf_counter()
    finally:
        writer.close()


if __name__ == "__main__":
    run()
