"""New connections and throughput between two containers, through the firewall and without it; for root, on Linux."""

import asyncio
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docker import APIClient

from adapters.docker import DockerEngine, DockerPorts, docker_ports, engine_sweep
from adapters.docker.firewall_rules import remove_rules
from adapters.host_network import HostCommands
from adapters.nftables import NftablesFirewall
from benchmarks import tables
from domain.firewall import EVERYWHERE, Direction, FirewallGroup, FirewallMember, FirewallRule, FirewallTable
from domain.ports import ContainerSpec
from miniaws.settings import Settings

ROUNDS = 12
CONNECTIONS = 2000
MEGABYTES = 600
AIM = 0.95
NETWORK, CIDR = "vpc-bench", "10.198.77.0/24"
CLIENT, SERVER = "10.198.77.20", "10.198.77.30"
PORT = 9000
NO_TABLE = "no table"
_RANGES = 20
"""Each range of addresses is in several rules, with a port each."""
RULES = {"0 rules (everything allowed)": 0, "10 rules": 10, "200 rules": 200}
_SERVE = f"""
import socket
with socket.create_server(("", {PORT}), backlog=4096) as server:
    print("serves", flush=True)
    while True:
        connected, _ = server.accept()
        with connected:
            try:
                while connected.recv(1 << 20): pass
            except ConnectionResetError: pass
"""
_CONNECT = f"""
import socket, struct, time
began = time.perf_counter()
for _ in range({CONNECTIONS}):
    with socket.create_connection(("{SERVER}", {PORT}), 5) as connected:
        # Reset instead of closed: no port is left waiting.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
print({CONNECTIONS} / (time.perf_counter() - began))
"""
_STREAM = f"""
import socket, time
piece = bytes(1 << 20)
with socket.create_connection(("{SERVER}", {PORT}), 5) as connected:
    began = time.perf_counter()
    for _ in range({MEGABYTES}): connected.sendall(piece)
    connected.shutdown(socket.SHUT_WR)
    connected.recv(1)
print({MEGABYTES} / (time.perf_counter() - began))
"""


@dataclass(frozen=True)
class Scene:
    """Two containers of a cloud: the processes whose networks the programs use."""

    host: str
    cloud: str
    client: int
    server: int

    def use(self, rules: int | None) -> None:
        """Enforce ``rules`` rules for each direction, of which the last one allows the connection; None: no table."""
        if rules is None:
            api = APIClient(self.host, version="auto")
            remove_rules(api, self.host, self.cloud)
            api.close()
        else:
            asyncio.run(self._apply(rules))

    async def _apply(self, rules: int) -> None:
        engine = DockerEngine(self.host, self.cloud)
        group = FirewallGroup("sg-bench", NETWORK, (*_rules("ingress", rules), *_rules("egress", rules)))
        members = tuple(FirewallMember(each, each, (group.id,)) for each in (CLIENT, SERVER))
        await NftablesFirewall(engine, HostCommands(engine)).apply(
            FirewallTable({NETWORK: CIDR}, (group,), members)
        )
        await engine.close()

    def measure(self, program: str) -> float:
        """Return what a program prints in the network of the client."""
        done = subprocess.run(_inside(self.client, program), check=True, capture_output=True, text=True)
        return float(done.stdout)


def run() -> None:
    """Measure by turns: a round has every number of rules, and none."""
    contenders = {NO_TABLE: None, **RULES}
    rates: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in contenders} for what in ("connections", "throughput")
    }
    with _scene() as scene:
        for _ in range(ROUNDS):
            for name, rules in contenders.items():
                scene.use(rules)
                rates["connections"][name].append(scene.measure(_CONNECT))
                rates["throughput"][name].append(scene.measure(_STREAM))
    for what, unit in (("connections", "/s"), ("throughput", "MiB/s")):
        print(f"\n{what} between two containers")
        for name, found in rates[what].items():
            tables.show(f"{name} ({unit})", tables.percentile(found, 0.5), "")
            if name != NO_TABLE:
                share = tables.ratio(found, rates[what][NO_TABLE])
                reached = "reached" if share >= AIM else "MISSED"
                print(f"    {share:.3f} of no table, aim {AIM:g} {reached}", flush=True)


def _rules(direction: Direction, count: int) -> list[FirewallRule]:
    if not count:
        return [FirewallRule(direction, "all", cidr=EVERYWHERE)]
    others = [
        FirewallRule(
            direction, "tcp", 10_000 + 2 * each, 10_000 + 2 * each, cidr=f"10.198.{each % _RANGES}.0/24"
        )
        for each in range(count - 1)
    ]
    return [*others, FirewallRule(direction, "tcp", PORT, PORT, cidr=CIDR)]


@contextmanager
def _scene() -> Generator[Scene]:
    host, cloud = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    try:
        with tempfile.TemporaryDirectory() as place:
            client, server = asyncio.run(_start(docker_ports(host, cloud, Path(place))))
        serving = subprocess.Popen(_inside(server, _SERVE), stdout=subprocess.PIPE, text=True)
        with serving as process:
            try:
                if process.stdout is not None:
                    process.stdout.readline()
                yield Scene(host, cloud, client, server)
            finally:
                process.kill()
    finally:
        engine_sweep.sweep(host, cloud)


def _process(api: APIClient, name: str) -> int:
    """Return the first process of a container."""
    return int(api.inspect_container(name)["State"]["Pid"])


async def _start(ports: DockerPorts) -> tuple[int, int]:
    """Return the processes of two containers, whose network the programs use."""
    await ports.networks.ensure(NETWORK, "bench", CIDR)
    found: list[int] = []
    for address in (CLIENT, SERVER):
        id_ = f"i-{address.rpartition('.')[2]}"
        spec = ContainerSpec(
            id_, "bench", id_, "miniaws/hello:local", NETWORK, 1, 1, 64, "never", address=address
        )
        await ports.containers.ensure(spec)
        await ports.containers.start(id_)
        found.append(await ports.engine.run("inspect", partial(_process, name=ports.engine.name(id_))))
    await ports.close()
    return found[0], found[1]


def _inside(process: int, program: str) -> list[str]:
    """Return the command that runs a program in the network of a process."""
    return ["nsenter", "--net", "--target", str(process), sys.executable, "-c", program]


if __name__ == "__main__":
    run()
