"""From CPU over the target until another instance answers through the load balancer, step by step; real load.

Most of it is patience that was asked for: two periods of a second above the target, what a period is measured late,
and the health checks of the balancer. What is ours is the rest: to decide, to launch, and to send it requests.
"""

import secrets
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import docker

from adapters.docker import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.launch import IMAGE, ask
from miniaws.settings import Settings
from tests.load import burning

ROUNDS = 4
GROUPS = "/api/scaling-groups"
BALANCERS = "/api/load-balancers"
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
CHECK = {"path": "/health", "interval_s": 1, "timeout_s": 0.5, "rise": 1, "fall": 3}
STEPS = ("decided", "launched", "answered", "serving")


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
    tables.show("the balancer answered from it after", tables.percentile(found["answered"], 0.5), "s")
    tables.show("the group counted it as serving after", tables.percentile(found["serving"], 0.5), "s")
    ours = [last - first for first, last in zip(found["decided"], found["answered"], strict=True)]
    tables.show("of that from the decision to the answer", tables.percentile(ours, 0.5), "s")


def _round(cloud: servers.Cloud, host: str, name: str) -> dict[str, float]:
    port = machine.free_port()
    front = {"name": f"{name}-front", "listeners": [{"port": port}], "health_check": CHECK}
    ask(cloud, "POST", BALANCERS, front)
    body = {"name": name, "template": {"image": IMAGE, "type": "nano"}, "min": 1, "max": 2}
    ask(cloud, "POST", GROUPS, {**body, "load_balancers": [{"load_balancer": front["name"], "port": 8080}]})
    servers.poll(lambda: _serving(cloud, name) == 1, "an instance that serves")
    ask(cloud, "PUT", f"{GROUPS}/{name}/policies/cpu", POLICY)
    group = ask(cloud, "GET", f"{GROUPS}/{name}", None)
    first = group["observed"]["instances"][0]["id"]
    began = time.time()
    with _busy(host, first):
        servers.poll(lambda: f"{name}-2" in _answer(port), "an answer of another instance")
        answered = time.time()
        servers.poll(lambda: _serving(cloud, name) == 2, "another instance that serves")
    times = {each["type"]: each["time"] for each in _events(cloud, name)}
    ask(cloud, "DELETE", f"{GROUPS}/{name}", None)
    ask(cloud, "DELETE", f"{BALANCERS}/{front['name']}", None)
    told = {
        step: datetime.fromisoformat(times[f"scaling_group.{each}"]).timestamp()
        for step, each in (
            ("decided", "decided"),
            ("launched", "instance_launched"),
            ("serving", "instance_entered"),
        )
    }
    return {step: at - began for step, at in {**told, "answered": answered}.items()}


def _answer(port: int) -> str:
    """Return what the balancer answers; the first instance may be too busy to answer soon."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return answer.read().decode()
    except OSError:
        return ""


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
