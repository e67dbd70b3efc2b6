"""Really sends packets, and looks whether they pass the firewall, whether or not anything listens."""

import json
import secrets
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.engine import DockerEngine
from adapters.docker.firewall_rules import table_name
from adapters.host_network import HostCommands
from adapters.host_network.container import run_beside
from domain.errors import Refused
from domain.firewall import TransportProtocol


async def probe(
    engine: DockerEngine,
    host: HostCommands,
    source_id: str,
    address: str,
    protocol: TransportProtocol,
    port: int | None,
    timeout_s: float,
) -> bool:
    """Return whether a new connection from a running container passes every rule of the host, Docker's too.

    A table of its own counts it behind all other rules, for as long as the probe lasts. Raises Refused.
    """
    source = await _address(engine, source_id)
    table = f"{table_name(engine.cloud)}_probe_{secrets.token_hex(4)}"
    witness = f"ip saddr {source} ip daddr {address} {_service(protocol, port)} ct state new counter"
    chains = "\n".join(
        f"chain {hook} {{ type filter hook {hook} priority filter + 10; {witness} name passed; }}"
        for hook in ("forward", "input")
    )
    text = f"table inet {table} {{\ncounter passed {{ }}\n{chains}\n}}\n"
    await host.run(["nft", "-f", "-"], text.encode())
    try:
        argv = _sender(address, protocol, port, timeout_s)
        await run_beside(engine, source_id, argv, timeout_s + 30)
        return await _passed(host, table)
    finally:
        await host.run(["nft", "delete", "table", "inet", table])


async def _address(engine: DockerEngine, source_id: str) -> str:
    def look(api: APIClient) -> str:
        try:
            found: dict[str, Any] = api.inspect_container(engine.name(source_id))
        except NotFound:
            raise Refused(f"cannot send packets from {source_id}: it has no container") from None
        settings = found["NetworkSettings"]["Networks"].get(found["HostConfig"]["NetworkMode"]) or {}
        if not found["State"]["Running"] or not settings.get("IPAddress"):
            raise Refused(f"cannot send packets from {source_id}: its container does not run in a network")
        return settings["IPAddress"]

    return await engine.run(f"inspect {source_id}", look)


async def _passed(host: HostCommands, table: str) -> bool:
    listed = json.loads(await host.run(["nft", "--json", "list", "counters", "table", "inet", table]))
    return any(each["counter"]["packets"] for each in listed["nftables"] if "counter" in each)


def _service(protocol: TransportProtocol, port: int | None) -> str:
    if protocol in {"icmp", "all"} or port is None:
        return "icmp type echo-request"
    return f"{protocol} dport {port}"


def _sender(address: str, protocol: TransportProtocol, port: int | None, timeout_s: float) -> list[str]:
    wait_s = str(max(1, round(timeout_s)))
    if protocol in {"icmp", "all"} or port is None:
        return ["ping", "-c", "1", "-W", wait_s, address]
    if protocol == "tcp":
        return ["nc", "-z", "-w", wait_s, address, str(port)]
    return ["sh", "-c", 'echo probe | nc -u -w 1 -q 0 "$0" "$1"', address, str(port)]
