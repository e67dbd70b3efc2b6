"""Commands a second over HTTP, beside what could have been done instead."""

import secrets
from collections.abc import Mapping

import orjson
import psycopg

from benchmarks import client, machine, servers, tables

ROUNDS = 4
SLICE_S = 1.2
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential=x/20250101/us-east-1/ec2/aws4_request, SignedHeaders=host,"
    " Signature=x"
)
RUN_INSTANCES = b"Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&MinCount=1&MaxCount=1"
LAUNCH, CREATE = "miniaws POST /api/instances", "miniaws POST /api/volumes"
INSERT, NOTHING, MOTO = "FastAPI + psycopg INSERT", "FastAPI that does nothing", "moto RunInstances"
AIMS = [tables.Aim(INSERT, 0.6), tables.Aim(MOTO, 2)]

Contender = tuple[int, client.MakeRequest]


def run() -> None:
    """Measure with 1 and with 16 connections."""
    with (
        machine.home() as place,
        servers.cloud(place, MINIAWS_ENGINE="memory") as cloud,
        servers.plain(cloud.url) as plain,
        servers.moto() as moto,
    ):
        contenders = _contenders(cloud, plain, moto)
        for connections in (1, 16):
            _compare(cloud, contenders, connections)


def _contenders(cloud: servers.Cloud, plain: int, moto: int) -> dict[str, Contender]:
    signed = _signed(cloud)
    aws = client.request("POST", "/", RUN_INSTANCES, FORM, SIGNED)
    return {
        LAUNCH: (cloud.port, launching(cloud)),
        CREATE: (cloud.port, lambda n: client.request("POST", "/api/volumes", _volume(n), JSON, signed)),
        INSERT: (plain, lambda n: client.request("POST", "/insert", _instance(n), JSON)),
        NOTHING: (plain, lambda n: client.request("POST", "/nothing", _instance(n), JSON)),
        MOTO: (moto, lambda _: aws),
    }


def launching(cloud: servers.Cloud) -> client.MakeRequest:
    """Return what makes requests to launch an instance, in a VPC with room for all of them."""
    signed = _signed(cloud)
    body = orjson.dumps({"name": "bench", "cidr": "10.77.0.0/16"})
    client.ask(cloud.port, client.request("POST", "/api/vpcs", body, JSON, signed, "Prefer: wait=30"))
    return lambda n: client.request("POST", "/api/instances", _instance(n), JSON, signed)


def _signed(cloud: servers.Cloud) -> str:
    return f"Authorization: {cloud.key}"


def _instance(number: int) -> bytes:
    wish = {"name": _name(number), "image": "miniaws/hello:local", "vpc": "bench", "tags": {"env": "test"}}
    return orjson.dumps(wish)


def _volume(number: int) -> bytes:
    return orjson.dumps({"name": _name(number), "tags": {"env": "test"}})


def _name(number: int) -> str:
    return f"b-{number}-{secrets.token_hex(5)}"


def _compare(cloud: servers.Cloud, contenders: Mapping[str, Contender], connections: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    latencies: dict[str, list[float]] = {name: [] for name in contenders}
    for port, make in contenders.values():
        client.load(port, make, connections, 0.3)  # warms up
    for _ in range(ROUNDS):
        for name, (port, make) in contenders.items():
            slice_ = client.load(port, make, connections, SLICE_S)
            if slice_.refused:
                raise RuntimeError(f"{name} refused {slice_.refused} requests: {slice_.example}")
            rates[name].append(slice_.rate)
            latencies[name] += slice_.latencies_s
            _settle(cloud)
    tables.compare(f"HTTP commands, {connections} connections", "/s", rates, LAUNCH, AIMS)
    for name, seconds in latencies.items():
        low, high = (tables.percentile(seconds, share) * 1000 for share in (0.5, 0.99))
        print(f"    {name:<42} p50 {low:6.1f} ms, p99 {high:6.1f} ms")


def _settle(cloud: servers.Cloud) -> None:
    """Let the controller finish what a slice has left to it, so that the next contender has the machine."""
    with psycopg.connect(cloud.url, autocommit=True) as connection:
        servers.poll(
            lambda: connection.execute("SELECT NOT EXISTS (SELECT FROM work)").fetchone() == (True,),
            "no work",
        )


if __name__ == "__main__":
    run()
