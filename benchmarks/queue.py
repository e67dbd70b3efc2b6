"""Queues: from the request until a client has used one, and messages a second beside the same server by hand."""

import asyncio
import logging
import os
import secrets
import time
from typing import Any

from aio_pika.exceptions import AMQPError
from nats.errors import Error as NatsError

from adapters.docker import engine_sweep
from benchmarks import by_hand, machine, servers, tables
from benchmarks.launch import ask
from benchmarks.queue_engines import BATCH, ENGINES, Engine, Turn
from miniaws.settings import Settings

CREATED = 3
ROUNDS = 6
SLICE_S = 1.5
AIM = 1.0
PATIENCE_S = 60
PAUSE_S = 0.02


def run() -> None:
    """Measure by turns, on the same engine, with the same limits, queue and client."""
    logging.disable()  # clients tell of each try of a server that does not answer yet
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    environment = {**os.environ, "DOCKER_HOST": host}
    try:
        with (
            by_hand.network(environment, name),
            machine.home() as place,
            servers.cloud(place, MINIAWS_CLOUD=name) as cloud,
        ):
            for word in ENGINES:
                _until_used(cloud, environment, name, word)
                _compare(cloud, environment, name, word)
    finally:
        engine_sweep.sweep(host, name)


def _until_used(cloud: servers.Cloud, environment: dict[str, str], network: str, word: str) -> None:
    hand: list[float] = []
    ours: list[float] = []
    for _ in range(CREATED):
        started = time.perf_counter()
        with by_hand.server(environment, network, ENGINES[word].program) as (address, _):
            asyncio.run(_used(ENGINES[word], address))
            hand.append(time.perf_counter() - started)
        started = time.perf_counter()
        document = _queue(cloud, word)
        ours.append(time.perf_counter() - started)
        ask(cloud, "DELETE", f"/api/queues/{document['id']}", None)
    print(f"\n{word} until a client has used it (medians)")
    tables.show("docker run, until a message went through", tables.percentile(hand, 0.5) * 1000, "ms")
    tables.show("miniaws POST /api/queues", tables.percentile(ours, 0.5) * 1000, "ms")
    tables.show("times as long", tables.ratio(ours, hand), "")


async def _used(engine: Engine, address: str) -> None:
    """Return once messages went through a server that was just started."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with engine.opened(engine.url.format(address=address)) as turn:
                    await turn()
            except (AMQPError, NatsError, OSError, TimeoutError):
                await asyncio.sleep(PAUSE_S)
            else:
                return


def _queue(cloud: servers.Cloud, word: str) -> dict[str, Any]:
    body = {"name": word, "engine": word, "memory_mb": ENGINES[word].program.memory_mb}
    document = ask(cloud, "POST", "/api/queues", body)
    if document["status"] != "available":
        raise RuntimeError(f"{word} is {document['status']}: {document['status_reason']}")
    return document


def _compare(cloud: servers.Cloud, environment: dict[str, str], network: str, word: str) -> None:
    _queue(cloud, word)
    url = ask(cloud, "GET", f"/api/queues/{word}/connection", None)["url"]
    ours, hand = f"miniaws queue ({word})", "the same server, docker run"
    with by_hand.server(environment, network, ENGINES[word].program) as (address, _):
        rates = asyncio.run(_rates(ENGINES[word], hand, address, ours, url))
    ask(cloud, "DELETE", f"/api/queues/{word}", None)
    title = f"{word}: published to disk, consumed and acknowledged, {BATCH} at once"
    tables.compare(title, "/s", rates, ours, [tables.Aim(hand, AIM)])


async def _rates(engine: Engine, hand: str, address: str, ours: str, url: str) -> dict[str, list[float]]:
    await _used(engine, address)
    rates: dict[str, list[float]] = {hand: [], ours: []}
    async with engine.opened(engine.url.format(address=address)) as plain, engine.opened(url) as managed:
        for _ in range(ROUNDS):
            rates[hand].append(await _rate(plain))
            rates[ours].append(await _rate(managed))
    return rates


async def _rate(turn: Turn) -> float:
    turns = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SLICE_S:
        await turn()
        turns += 1
    return turns * BATCH / (time.perf_counter() - started)


if __name__ == "__main__":
    run()
