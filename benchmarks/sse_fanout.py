"""Delivery of live events to many clients of one API process: how late, and whether any is lost."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from uuid import UUID

from adapters.event_store import PostgresEventStore
from adapters.vault import Vault
from benchmarks import machine, servers, tables
from domain.store import Append, Cause
from domain.volume import Volume

CLIENTS = 200
EVENTS_PER_S = 100
SECONDS = 20
PATIENCE_S = 30
CAUSE = Cause("system:benchmark", "main")
# Postgres keeps the keys of a document by their length.
_SENT = re.compile(rb'"sent":"(\d+)","number":"(\d+)"')


@dataclass(slots=True)
class Delivered:
    """What one client got: numbers in their order, and how many milliseconds after they were sent."""

    numbers: list[int] = field(default_factory=list[int])
    late_ms: list[float] = field(default_factory=list[float])


def run() -> None:
    """Measure 200 clients at 100 events a second."""
    with machine.home() as place, servers.cloud(place, MINIAWS_ENGINE="memory") as cloud:
        clients, unsent = asyncio.run(_fan_out(cloud))
    late = [each for client in clients for each in client.late_ms]
    wanted = EVENTS_PER_S * SECONDS
    lost = sum(wanted - len(set(client.numbers)) for client in clients)
    disordered = sum(client.numbers != sorted(set(client.numbers)) for client in clients)
    print(f"\nSSE, {CLIENTS} clients, {EVENTS_PER_S} events a second for {SECONDS} s")
    tables.show("delivered", len(late) / SECONDS, "/s")
    tables.show("delivery p50", tables.percentile(late, 0.5), "ms")
    tables.show("delivery p99", tables.percentile(late, 0.99), "ms", at_most=250)
    tables.show("delivery, the latest", max(late), "ms")
    tables.show("lost", lost, "events", at_most=1)
    tables.show("clients with a double or a disorder", disordered, "clients", at_most=1)
    tables.show("events that were written late", unsent, "events")


async def _fan_out(cloud: servers.Cloud) -> tuple[list[Delivered], int]:
    store = PostgresEventStore(cloud.url, Vault(bytes(32)))
    volume = await _volume(store)
    clients = [Delivered() for _ in range(CLIENTS)]
    joined = asyncio.Barrier(CLIENTS + 1)
    async with asyncio.timeout(SECONDS + PATIENCE_S), asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(_follow(cloud, client, joined))
        await joined.wait()
        unsent = await _write(store, volume)
    await store.close()
    return clients, unsent


async def _volume(store: PostgresEventStore) -> Volume:
    """Create a volume whose manager has nothing left to report, so that only we write its events."""
    volume = Volume.create("main", "fan-out", None, {})
    await store.append(Append(volume.collect_events(), CAUSE, [volume.take_conditions()]))
    resource_id: UUID = volume.id
    while True:
        found = await store.load(resource_id)
        if isinstance(found, Volume) and found.status == "available":
            return found
        await asyncio.sleep(0.02)


async def _write(store: PostgresEventStore, volume: Volume) -> int:
    """Write at an even pace, and return how many events were behind it by more than one interval."""
    began, behind = time.monotonic(), 0
    for number in range(EVENTS_PER_S * SECONDS):
        ahead = began + number / EVENTS_PER_S - time.monotonic()
        behind += ahead < -1 / EVENTS_PER_S
        await asyncio.sleep(max(ahead, 0))
        volume.change_tags({"number": str(number), "sent": str(time.monotonic_ns())})
        await store.append(Append(volume.collect_events(), CAUSE, [volume.take_conditions()]))
    return behind


async def _follow(cloud: servers.Cloud, got: Delivered, joined: asyncio.Barrier) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", cloud.port)
    head = f"GET /api/dashboard/stream?include=events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {cloud.key}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"event: hello")
    await joined.wait()
    rest = b""
    while len(got.numbers) < EVENTS_PER_S * SECONDS and (chunk := await reader.read(2**16)):
        # An event may be cut in two by the network: it is read once it ends with its blank line.
        whole, separator, rest = (rest + chunk).rpartition(b"\n\n")
        now = time.monotonic_ns()
        for sent, number in _SENT.findall(whole + separator):
            got.numbers.append(int(number))
            got.late_ms.append((now - int(sent)) / 1e6)
    writer.close()


if __name__ == "__main__":
    run()
