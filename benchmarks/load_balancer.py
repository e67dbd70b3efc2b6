"""Requests through a load balancer, beside the same HAProxy written by hand and a target alone; and what changes cost.

The load comes from `wrk` on the same machine, so it takes processor time from what it measures; ratios say more.
"""

import asyncio
import re
import secrets
import subprocess
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import docker

from adapters.docker import DockerEngine, engine_sweep
from adapters.haproxy import HAProxies
from benchmarks import machine, servers, tables
from benchmarks.launch import IMAGE, ask
from domain.load_balancer import TargetGroup, Timeouts
from domain.load_balancer.proxy import Backend, ProxySpec, Server
from miniaws.settings import Settings

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 16
TARGETS = 100
HAPROXY = "miniaws/haproxy:local"
PATH = "/api/load-balancers"
BY_HAND = """
global
    maxconn 4000
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
frontend listen
    bind 127.0.0.1:{port}{headers}
    default_backend targets
backend targets
    balance roundrobin{retries}
    option httpchk
    http-check send meth GET uri /health ver HTTP/1.1 hdr Host localhost
    server one {first}:8080 check
    server two {second}:8080 check
"""
HEADERS = """
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port 80"""
RETRIES = """
    retry-on conn-failure empty-response
    http-request disable-l7-retry unless { method GET HEAD OPTIONS }"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the load came to."""

    per_s: float
    p99_ms: float
    processor_us: float
    """Time on a processor for each request."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Where requests go, and which process works for them."""

    url: str
    process: int


def run() -> None:
    """Measure by turns, on the same targets."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            found = _compare(cloud, host, name, place)
            _changes(host, name, place)
    finally:
        engine_sweep.sweep(host, name)
    aims = [
        tables.Aim("HAProxy by hand, our headers and retries", 1.0),
        tables.Aim("HAProxy by hand", 1.0),
    ]
    rates = {who: [each.per_s for each in runs] for who, runs in found.items()}
    tables.compare(f"requests, {CONNECTIONS} connections", "req/s", rates, "our balancer", aims)
    print("\nthe slowest one in a hundred (medians)")
    for who, runs in found.items():
        tables.show(who, median(each.p99_ms for each in runs), "ms")
    print("\nprocessor time for a request (medians)")
    for who, runs in found.items():
        tables.show(who, median(each.processor_us for each in runs), "µs")


def _compare(cloud: servers.Cloud, host: str, name: str, place: Path) -> dict[str, list[Run]]:
    targets = [_launch(cloud, f"web-{number}") for number in (1, 2)]
    addresses = [each["observed"]["address"] for each in targets]
    ours, by_hand, alike = (machine.free_port() for _ in range(3))
    balancer = ask(cloud, "POST", PATH, {"name": "web", "listeners": [{"port": ours}]})
    for number in (1, 2):
        ask(cloud, "POST", f"{PATH}/web/targets", {"instance": f"web-{number}", "port": 8080})
    servers.poll(lambda: _healthy(cloud) == len(addresses), "healthy targets")
    bare, same = _text(by_hand, addresses), _text(alike, addresses, HEADERS, RETRIES)
    with (
        closing(docker.DockerClient(base_url=host)) as engine,
        _by_hand(engine, name, place / "bare.cfg", bare) as bare_process,
        _by_hand(engine, name, place / "same.cfg", same) as same_process,
    ):
        for port in (by_hand, alike):
            servers.wait_until_ready(port, "/")
        contenders = {
            "our balancer": Contender(
                f"http://127.0.0.1:{ours}/", _process(engine, f"{name}-{balancer['id']}")
            ),
            "HAProxy by hand": Contender(f"http://127.0.0.1:{by_hand}/", bare_process),
            "HAProxy by hand, our headers and retries": Contender(f"http://127.0.0.1:{alike}/", same_process),
            "a target alone": Contender(
                f"http://{addresses[0]}:8080/", _process(engine, f"{name}-{targets[0]['id']}")
            ),
        }
        found: dict[str, list[Run]] = {who: [] for who in contenders}
        for _ in range(ROUNDS):
            for who, contender in contenders.items():
                found[who].append(_wrk(contender))
    return found


def _text(port: int, addresses: list[str], headers: str = "", retries: str = "") -> str:
    first, second = addresses
    return BY_HAND.format(port=port, first=first, second=second, headers=headers, retries=retries)


@contextmanager
def _by_hand(engine: docker.DockerClient, name: str, file: Path, text: str) -> Generator[int]:
    """Run HAProxy with a configuration of one's own, and give its process."""
    file.write_text(text)
    container = engine.containers.run(
        HAPROXY,
        ["haproxy", "-f", "/by-hand.cfg"],
        detach=True,
        network_mode="host",
        user="0",
        labels={engine_sweep.LABEL: name},
        volumes={str(file): {"bind": "/by-hand.cfg", "mode": "ro"}},
    )
    try:
        yield _process(engine, str(container.id))
    finally:
        container.remove(force=True)


def _process(engine: docker.DockerClient, container_id: str) -> int:
    return engine.api.inspect_container(container_id)["State"]["Pid"]


def _launch(cloud: servers.Cloud, name: str) -> dict[str, Any]:
    body = {"name": name, "image": IMAGE, "type": "large", "env": {"QUIET": "1"}}
    return ask(cloud, "POST", "/api/instances", body)


def _healthy(cloud: servers.Cloud) -> int:
    found: int = ask(cloud, "GET", f"{PATH}/web/health", None)["health"]["healthy"]
    return found


def _wrk(contender: Contender) -> Run:
    command = ["wrk", "--latency", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", contender.url]
    before = machine.processor_s(contender.process)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = machine.processor_s(contender.process) - before
    rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    count = re.search(r"(\d+) requests in", said)
    if not (rate and slow and count) or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk on {contender.url}: {said}")
    p99_ms = float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]
    return Run(float(rate[1]), p99_ms, spent / int(count[1]) * 1e6)


def _changes(host: str, name: str, place: Path) -> None:
    """Show the cost of reconciling a proxy with many targets."""
    asyncio.run(_measure_changes(host, name, place))


async def _measure_changes(host: str, name: str, place: Path) -> None:
    engine = DockerEngine(host, name)
    proxies = HAProxies(engine, place / "trial", [HAPROXY], "127.0.0.1")
    many = tuple(
        Server(f"default:{number}:80", f"10.255.0.{number}", 80, 1) for number in range(1, TARGETS + 1)
    )
    spec = ProxySpec("lb-trial", "main", "trial", (), (Backend(TargetGroup(), "http"),), Timeouts())
    try:
        await proxies.ensure(spec)
        print(f"\na proxy with {TARGETS} targets is reconciled (medians)")
        for title, before, after in (
            ("nothing to do", many, many),
            ("another weight for one", many, (replace(many[0], weight=0), *many[1:])),
            ("all of them are new", (), many),
        ):
            spent = [await _changed(proxies, spec, before, after) for _ in range(ROUNDS)]
            tables.show(title, median(spent) * 1000, "ms")
    finally:
        await proxies.remove("lb-trial")
        await engine.close()


async def _changed(
    proxies: HAProxies, spec: ProxySpec, before: tuple[Server, ...], after: tuple[Server, ...]
) -> float:
    group = TargetGroup()
    await proxies.ensure(replace(spec, backends=(Backend(group, "http", before),)))
    started = time.perf_counter()
    await proxies.ensure(replace(spec, backends=(Backend(group, "http", after),)))
    return time.perf_counter() - started


if __name__ == "__main__":
    run()
