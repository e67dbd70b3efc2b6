"""From CPU over the target until another instance serves, step by step; real containers, real load.

Most of it is patience that was asked for: two periods of a second above the target, and what a period is measured
late. What is ours is the rest: to decide, to launch, and to notice that it serves.
"""

import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import docker

from adapters import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.launch import IMAGE, ask
from miniaws.settings import Settings
from tests.load import burning

ROUNDS = 4
GROUPS = "/api/scaling-groups"
PERIODS_OUT = 2
POLICY = {
    "type": "target-tracking",
    "metric": "cpu",
    "target": 50,
    "period_s": 1,
    "periods_out": PERIODS_OUT,
    "periods_in": 60,
    "warmup_s": 1,
}
STEPS = ("decided", "launched", "serving")


def run() -> None:
    """Measure round by round, each with a group of its own."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    found: dict[str, list[float]] = {step: [] for step in STEPS}
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            for number in range(ROUNDS):
                for step, seconds in _round(cloud, host, f"web-{'abcdefgh'[number]}").items():
                    found[step].append(seconds)
    finally:
        engine_sweep.sweep(host, name)
    print(f"\nfrom the beginning of the load, {PERIODS_OUT} periods of 1 s above the target (medians)")
    tables.show("the group decided to grow after", tables.percentile(found["decided"], 0.5), "s")
    tables.show("the instance was asked for after", tables.percentile(found["launched"], 0.5), "s")
    tables.show("it served after", tables.percentile(found["serving"], 0.5), "s")
    ours = [last - first for first, last in zip(found["decided"], found["serving"], strict=True)]
    tables.show("of that from the decision to serving", tables.percentile(ours, 0.5), "s")


def _round(cloud: servers.Cloud, host: str, name: str) -> dict[str, float]:
    body = {"name": name, "template": {"image": IMAGE, "type": "nano"}, "min": 1, "max": 2}
    ask(cloud, "POST", GROUPS, body)
    servers.poll(lambda: _serving(cloud, name) == 1, "an instance that serves")
    ask(cloud, "PUT", f"{GROUPS}/{name}/policies/cpu", POLICY)
    group = ask(cloud, "GET", f"{GROUPS}/{name}", None)
    first = group["observed"]["instances"][0]["id"]
    began = time.time()
    with _busy(host, first):
        servers.poll(lambda: _serving(cloud, name) == 2, "another instance that serves")
    times = {each["type"]: each["time"] for each in _events(cloud, name)}
    ask(cloud, "DELETE", f"{GROUPS}/{name}", None)
    names = ("decided", "instance_launched", "instance_entered")
    ends = [datetime.fromisoformat(times[f"scaling_group.{each}"]).timestamp() for each in names]
    return dict(zip(STEPS, (end - began for end in ends), strict=True))


def _serving(cloud: servers.Cloud, name: str) -> int:
    return ask(cloud, "GET", f"{GROUPS}/{name}", None)["observed"]["in_service"]


def _events(cloud: servers.Cloud, name: str) -> list[dict[str, Any]]:
    """Return what happened to a group, oldest first, without decisions that did nothing."""
    items = ask(cloud, "GET", f"/api/timeline?resource={name}&order=oldest&limit=1000", None)["items"]
    return [each for each in items if each["data"].get("action", "out") == "out"]


@contextmanager
def _busy(host: str, instance_id: str) -> Generator[None]:
    """Keep an instance busy: its type grants a quarter of a core, so little of the machine is taken."""
    engine = docker.DockerClient(base_url=host)
    try:
        (container,) = engine.containers.list(filters={"label": f"miniaws.id={instance_id}"})
        with burning(container):
            yield
    finally:
        engine.close()


if __name__ == "__main__":
    run()
