"""A load generator that costs little: requests as bytes, answers cut at their length."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvloop

MakeRequest = Callable[[int], bytes]


@dataclass(slots=True)
class Load:
    """What a number of connections got in a slice of time."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list[float])
    refused: int = 0
    example: str = ""
    """What a refusal said."""

    @property
    def rate(self) -> float:
        """Answers a second that were a success."""
        return len(self.latencies_s) / self.seconds


def request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def load(port: int, make: MakeRequest, connections: int, seconds: float) -> Load:
    """Ask again and again on a number of connections, each waiting for its answer."""
    return uvloop.run(_load(port, make, connections, seconds))


def ask(port: int, asked: bytes) -> None:
    """Ask once. Raises RuntimeError with what a refusal said."""
    found = Load()
    uvloop.run(_ask(port, lambda _: asked, iter(range(1)), float("inf"), found))
    if found.refused:
        raise RuntimeError(found.example)


async def _load(port: int, make: MakeRequest, connections: int, seconds: float) -> Load:
    found = Load()
    numbers = iter(range(2**62))
    started = time.perf_counter()
    ends = started + seconds
    await asyncio.gather(*(_ask(port, make, numbers, ends, found) for _ in range(connections)))
    found.seconds = time.perf_counter() - started
    return found


async def _ask(port: int, make: MakeRequest, numbers: Iterator[int], ends: float, found: Load) -> None:
    stream = None
    for number in numbers:
        if (began := time.perf_counter()) >= ends:
            break
        if stream is None:
            stream = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = stream
        writer.write(make(number))
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head)) if b"ontent-" in head else await reader.read()
        if head[9:10] == b"2":
            found.latencies_s.append(time.perf_counter() - began)
        else:
            found.refused += 1
            found.example = (head[:30] + body[:300]).decode(errors="replace")
        if b"onnection: close" in head or head.startswith(b"HTTP/1.0"):
            writer.close()
            stream = None
    if stream is not None:
        stream[1].close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("cannot read an answer without a length")
