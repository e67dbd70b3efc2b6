"""Commands a second over HTTP, beside what could have been done instead."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Contender:
    """Who is asked, what, and which processes do the work."""

    port: int
    make: client.MakeRequest
    processes: tuple[int, ...]


@dataclass(slots=True)
class Found:
    """What a contender reached in each round."""

    rates: list[float] = field(default_factory=list[float])
    per_second_of_processor: list[float] = field(default_factory=list[float])
    """Answers by the processor time of all its processes: what else the machine does is not in this one."""
    latencies_s: list[float] = field(default_factory=list[float])


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


def _contenders(cloud: servers.Cloud, plain: servers.Server, moto: servers.Server) -> dict[str, Contender]:
    signed, port, ours = _signed(cloud), cloud.port, tuple(cloud.processes.values())
    database = cloud.processes["postgres"]
    aws = client.request("POST", "/", RUN_INSTANCES, FORM, SIGNED)

    def create(n: int) -> bytes:
        return client.request("POST", "/api/volumes", _volume(n), JSON, signed)

    def insert(n: int) -> bytes:
        return client.request("POST", "/insert", _instance(n), JSON)

    def nothing(n: int) -> bytes:
        return client.request("POST", "/nothing", _instance(n), JSON)

    return {
        LAUNCH: Contender(port, launching(cloud), ours),
        CREATE: Contender(port, create, ours),
        INSERT: Contender(plain.port, insert, (*plain.processes, database)),
        NOTHING: Contender(plain.port, nothing, plain.processes),
        MOTO: Contender(moto.port, lambda _: aws, moto.processes),
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
    found = {name: Found() for name in contenders}
    for contender in contenders.values():
        client.load(contender.port, contender.make, connections, 0.3)  # warms up
    _settle(cloud)
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            _measure(cloud, name, contender, connections, found[name])
    for title, per in (("HTTP commands", "rates"), ("the same by processor time", "per_second_of_processor")):
        figures = {name: getattr(each, per) for name, each in found.items()}
        tables.compare(f"{title}, {connections} connections", "/s", figures, LAUNCH, AIMS)
    for name, each in found.items():
        low, high = (tables.percentile(each.latencies_s, share) * 1000 for share in (0.5, 0.99))
        print(f"    {name:<42} p50 {low:6.1f} ms, p99 {high:6.1f} ms")


def _measure(cloud: servers.Cloud, name: str, contender: Contender, connections: int, found: Found) -> None:
    before = sum(map(machine.processor_s, contender.processes))
    slice_ = client.load(contender.port, contender.make, connections, SLICE_S)
    if slice_.refused:
        raise RuntimeError(f"{name} refused {slice_.refused} requests: {slice_.example}")
    _settle(cloud)  # what is left to the controller belongs to the command
    used = sum(map(machine.processor_s, contender.processes)) - before
    found.rates.append(slice_.rate)
    found.per_second_of_processor.append(len(slice_.latencies_s) / used)
    found.latencies_s += slice_.latencies_s


def _settle(cloud: servers.Cloud) -> None:
    """Wait until the controller has finished the work of a slice, so that the next contender has the machine."""
    with psycopg.connect(cloud.url, autocommit=True) as connection:
        servers.poll(
            lambda: connection.execute("SELECT NOT EXISTS (SELECT FROM work)").fetchone() == (True,),
            "no work",
        )


if __name__ == "__main__":
    run()
