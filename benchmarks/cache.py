"""A cache: from the request until a client has used it, and what it does a second beside the same server by hand."""

import os
import secrets
import subprocess
import time
from typing import Any

import redis

from adapters import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.launch import ask
from miniaws.settings import Settings

ROUNDS = 6
SLICE_S = 1.5
BATCH = 50
IMAGE = "miniaws/redis:local"
MEMORY_MB = 64
AIM = 1.0


def run() -> None:
    """Measure by turns, on the same engine, with the same limits and the same client."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    environment = {**os.environ, "DOCKER_HOST": host}
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            created = [_create(cloud, f"cache-{number}") for number in range(ROUNDS)]
            by_hand = [_by_hand(environment, f"{name}-{number}") for number in range(ROUNDS)]
            print("\ncache until a client can use it (medians)")
            tables.show("docker run, until it answers", tables.percentile(by_hand, 0.5) * 1000, "ms")
            tables.show("miniaws POST /api/caches", tables.percentile(created, 0.5) * 1000, "ms")
            tables.show("times as long", tables.ratio(created, by_hand), "")
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


def _by_hand(environment: dict[str, str], name: str) -> float:
    started = time.perf_counter()
    with _answering(environment, name):
        seconds = time.perf_counter() - started
    _remove(environment, name)
    return seconds


def _answering(environment: dict[str, str], name: str) -> redis.Redis:
    """Run the server as we run it, and return a client once it answers."""
    limits = ["--cpus", "1", "--memory", f"{MEMORY_MB}m", "--memory-swap", f"{MEMORY_MB}m"]
    program = [IMAGE, "redis-server", "--save", "", "--maxmemory", f"{MEMORY_MB * 3 // 4}mb"]
    _docker(environment, "run", "--detach", "--name", name, *limits, *program)
    address = _docker(
        environment, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name
    )
    client = redis.Redis(address)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    servers.poll(answers, "a Redis that answers")
    return client


def _throughput(cloud: servers.Cloud, environment: dict[str, str], name: str) -> None:
    ours, hand = "miniaws cache", "the same server, docker run"
    _cache(cloud, "measured")
    url = ask(cloud, "GET", "/api/caches/measured/connection", None)["url"]
    rates: dict[str, list[float]] = {hand: [], ours: []}
    with redis.Redis.from_url(url) as managed, _answering(environment, f"{name}-hand") as plain:
        for _ in range(ROUNDS):
            rates[hand].append(_rate(plain))
            rates[ours].append(_rate(managed))
    _remove(environment, f"{name}-hand")
    title = f"SET and GET, {BATCH} a round trip, one connection"
    tables.compare(title, "/s", rates, ours, [tables.Aim(hand, AIM)])


def _rate(client: redis.Redis) -> float:
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SLICE_S:
        pipeline = client.pipeline(transaction=False)
        for number in range(BATCH):
            pipeline.set(f"key-{number}", "x" * 100)
            pipeline.get(f"key-{number}")
        pipeline.execute()
        count += 2 * BATCH
    return count / (time.perf_counter() - started)


def _remove(environment: dict[str, str], name: str) -> None:
    _docker(environment, "rm", "--force", "--volumes", name)


def _docker(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    run()
