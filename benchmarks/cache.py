"""A cache: from the request until a client has used it, and what it does a second beside the same server by hand."""

import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import redis

from adapters.docker import engine_sweep
from benchmarks import by_hand, machine, servers, tables
from benchmarks.launch import ask
from miniaws.settings import Settings

ROUNDS = 6
SLICE_S = 1.5
BATCH = 50
MEMORY_MB = 64
PROGRAM = by_hand.Program(
    ("miniaws/redis:local", "redis-server", "--save", "", "--maxmemory", f"{MEMORY_MB * 3 // 4}mb"), MEMORY_MB
)
AIM = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to."""

    per_s: float
    processor_us: float
    """What the server took for each command."""


def run() -> None:
    """Measure by turns, on the same engine, with the same limits and the same client."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    environment = {**os.environ, "DOCKER_HOST": host}
    try:
        with (
            by_hand.network(environment, name),
            machine.home() as place,
            servers.cloud(place, MINIAWS_CLOUD=name) as cloud,
        ):
            created = [_create(cloud, f"cache-{number}") for number in range(ROUNDS)]
            hand = [_by_hand(environment, name) for _ in range(ROUNDS)]
            print("\ncache until a client can use it (medians)")
            tables.show("docker run, until it answers", tables.percentile(hand, 0.5) * 1000, "ms")
            tables.show("miniaws POST /api/caches", tables.percentile(created, 0.5) * 1000, "ms")
            tables.show("times as long", tables.ratio(created, hand), "")
            _throughput(cloud, environment, name)
    finally:
        engine_sweep.sweep(host, name)


def _create(cloud: servers.Cloud, name: str) -> float:
    started = time.perf_counter()
    document = _cache(cloud, name)
    seconds = time.perf_counter() - started
    ask(cloud, "DELETE", f"/api/caches/{document['id']}", None)
    return seconds


def _cache(cloud: servers.Cloud, name: str) -> dict[str, Any]:
    document = ask(cloud, "POST", "/api/caches", {"name": name, "memory_mb": MEMORY_MB})
    if document["status"] != "available":
        raise RuntimeError(f"{name} is {document['status']}: {document['status_reason']}")
    return document


def _by_hand(environment: dict[str, str], network: str) -> float:
    started = time.perf_counter()
    with by_hand.server(environment, network, PROGRAM) as (address, _), _answering(address):
        return time.perf_counter() - started


@contextmanager
def _answering(address: str) -> Generator[redis.Redis]:
    """Return a client of a new server, when it responds."""

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    with redis.Redis(address) as client:
        servers.poll(answers, "a Redis that answers")
        yield client


def _throughput(cloud: servers.Cloud, environment: dict[str, str], network: str) -> None:
    ours, hand = "miniaws cache", "the same server, docker run"
    container = f"{network}-{_cache(cloud, 'measured')['id']}"
    url = ask(cloud, "GET", "/api/caches/measured/connection", None)["url"]
    found: dict[str, list[Run]] = {hand: [], ours: []}
    with (
        by_hand.server(environment, network, PROGRAM) as (address, process),
        redis.Redis.from_url(url) as managed,
        _answering(address) as plain,
    ):
        for _ in range(ROUNDS):
            found[hand].append(_run(plain, process))
            found[ours].append(_run(managed, by_hand.process(environment, container)))
    title = f"SET and GET, {BATCH} a round trip, one connection"
    rates = {who: [each.per_s for each in runs] for who, runs in found.items()}
    tables.compare(title, "/s", rates, ours, [tables.Aim(hand, AIM)])
    print("\nprocessor time of the server for each (medians)")
    for who, runs in found.items():
        tables.show(who, median(each.processor_us for each in runs), "µs")


def _run(client: redis.Redis, process: int) -> Run:
    count, before = 0, machine.processor_s(process)
    started = time.perf_counter()
    while time.perf_counter() - started < SLICE_S:
        pipeline = client.pipeline(transaction=False)
        for number in range(BATCH):
            pipeline.set(f"key-{number}", "x" * 100)
            pipeline.get(f"key-{number}")
        pipeline.execute()
        count += 2 * BATCH
    seconds = time.perf_counter() - started
    return Run(count / seconds, (machine.processor_s(process) - before) / count * 1e6)


if __name__ == "__main__":
    run()
