"""From the request until the container runs, beside `docker run` by hand; real containers."""

import http.client
import os
import secrets
import subprocess
import time
from typing import Any

import orjson

from adapters.docker import engine_sweep
from benchmarks import machine, servers, tables
from miniaws.settings import Settings

ROUNDS = 8
IMAGE = "miniaws/hello:local"
AIM = 1.3


def run() -> None:
    """Measure by turns, on the same engine."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    by_hand: list[float] = []
    ours: list[float] = []
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            _launch(cloud, "warm-up")
            for number in range(ROUNDS):
                by_hand.append(_by_hand(host, f"{name}-{number}"))
                ours.append(_launch(cloud, f"web-{number}"))
    finally:
        engine_sweep.sweep(host, name)
    print("\nlaunch until it runs (medians)")
    tables.show("docker run", tables.percentile(by_hand, 0.5) * 1000, "ms")
    tables.show("miniaws POST /api/instances, Prefer: wait", tables.percentile(ours, 0.5) * 1000, "ms")
    tables.show("times as long", tables.ratio(ours, by_hand), "", at_most=AIM)


def _by_hand(host: str, name: str) -> float:
    environment = {**os.environ, "DOCKER_HOST": host}
    started = time.perf_counter()
    command = ["docker", "run", "--detach", "--name", name, IMAGE]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    subprocess.run(["docker", "rm", "-f", name], env=environment, check=True, stdout=subprocess.DEVNULL)
    return seconds


def _launch(cloud: servers.Cloud, name: str) -> float:
    started = time.perf_counter()
    document = ask(cloud, "POST", "/api/instances", {"name": name, "image": IMAGE})
    seconds = time.perf_counter() - started
    if document["status"] != "running":
        raise RuntimeError(f"{name} is {document['status']}: {document['status_reason']}")
    ask(cloud, "DELETE", f"/api/instances/{document['id']}", None)
    return seconds


def ask(cloud: servers.Cloud, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a request is answered with, once the resource has settled. Raises RuntimeError."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    headers = {"Authorization": cloud.key, "Content-Type": "application/json", "Prefer": "wait=30"}
    connection.request(method, path, orjson.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    document: dict[str, Any] = orjson.loads(answer.read())
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {document}")
    return document


if __name__ == "__main__":
    run()
