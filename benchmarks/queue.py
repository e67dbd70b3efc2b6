"""Queues: from the request until a client has used one, and messages a second beside the same server by hand."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext

from adapters import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.by_hand import address, docker, network, remove
from benchmarks.launch import ask
from miniaws.settings import Settings

ROUNDS = 6
SLICE_S = 1.5
BATCH = 50
IMAGE = "miniaws/nats:local"
MEMORY_MB = 64
AIM = 1.0
STREAM = "measured"
OURS, HAND = "miniaws queue (nats)", "the same server, docker run"


def run() -> None:
    """Measure by turns, on the same engine, with the same limits, stream and client."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    environment = {**os.environ, "DOCKER_HOST": host}
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            created = [_create(cloud, f"queue-{number}") for number in range(ROUNDS)]
            print("\nqueue until a client has used it (median)")
            tables.show("miniaws POST /api/queues", tables.percentile(created, 0.5) * 1000, "ms")
            _queue(cloud, "measured")
            url = ask(cloud, "GET", "/api/queues/measured/connection", None)["url"]
            with network(environment, name):
                by_hand = _by_hand(environment, name)
                asyncio.run(_throughput({HAND: by_hand, OURS: url}))
                remove(environment, f"{name}-hand")
    finally:
        engine_sweep.sweep(host, name)


def _create(cloud: servers.Cloud, name: str) -> float:
    started = time.perf_counter()
    document = _queue(cloud, name)
    seconds = time.perf_counter() - started
    ask(cloud, "DELETE", f"/api/queues/{document['id']}", None)
    return seconds


def _queue(cloud: servers.Cloud, name: str) -> dict[str, Any]:
    body = {"name": name, "engine": "nats", "memory_mb": MEMORY_MB}
    document = ask(cloud, "POST", "/api/queues", body)
    if document["status"] != "available":
        raise RuntimeError(f"{name} is {document['status']}: {document['status_reason']}")
    return document


def _by_hand(environment: dict[str, str], name: str) -> str:
    """Run the server with a network, a volume and limits as ours has, and return its URL."""
    limits = ["--cpus", "1", "--memory", f"{MEMORY_MB}m", "--memory-swap", f"{MEMORY_MB}m"]
    place = ["--network", name, "--volume", "/data"]
    program = [IMAGE, "--jetstream", "--store_dir", "/data", "--user", "app", "--pass", "secret"]
    docker(environment, "run", "--detach", "--name", f"{name}-hand", *limits, *place, *program)
    return f"nats://app:secret@{address(environment, f'{name}-hand')}:4222"


async def _throughput(urls: dict[str, str]) -> None:
    rates: dict[str, list[float]] = {name: [] for name in urls}
    async with _opened(urls[HAND]) as plain, _opened(urls[OURS]) as managed:
        for _ in range(ROUNDS):
            rates[HAND].append(await _rate(plain))
            rates[OURS].append(await _rate(managed))
    title = f"published to a durable stream and consumed, {BATCH} at once, acknowledged"
    tables.compare(title, "/s", rates, OURS, [tables.Aim(HAND, AIM)])


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[JetStreamContext]:
    client = Client()
    await client.connect(url)
    try:
        stream = client.jetstream()
        await stream.add_stream(name=STREAM, subjects=[STREAM], max_msgs=10_000)
        yield stream
    finally:
        await client.close()


async def _rate(stream: JetStreamContext) -> float:
    subscription = await stream.pull_subscribe(STREAM, durable="worker")
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SLICE_S:
        await asyncio.gather(*(stream.publish(STREAM, b"x" * 100) for _ in range(BATCH)))
        messages = await subscription.fetch(BATCH, timeout=10)
        await asyncio.gather(*(message.ack_sync() for message in messages))
        count += len(messages)
    seconds = time.perf_counter() - started
    await subscription.unsubscribe()
    return count / seconds


if __name__ == "__main__":
    run()
