"""Load on a port with statistics of responses and failures, and load on a CPU."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

_PATIENCE_S = 30.0
_THINK_S = 0.004
"""Pause between two requests of a client, because the machine runs other tests, too."""


@dataclass(frozen=True)
class Failure:
    """A failed request."""

    begun_at: float
    """Seconds of the epoch."""
    why: str


@dataclass
class Load:
    """The responses to clients so far."""

    port: int
    host: str = "127.0.0.1"
    path: str = "/"
    answers: int = 0
    failures: list[Failure] = field(default_factory=list[Failure])
    slowest_s: float = 0.0

    async def passed(self, more: int) -> None:
        """Wait for a number of further responses."""
        until = self.answers + more
        async with asyncio.timeout(_PATIENCE_S):
            while self.answers < until and not self.failures:  # noqa: ASYNC110 - counted by many
                await asyncio.sleep(0.01)

    async def client(self, *, keep_alive: bool) -> None:
        """Send requests endlessly, on one connection while the server keeps it open, or on a new one each time."""
        while True:
            begun_at = time.time()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    reader, writer = await asyncio.open_connection(self.host, self.port)
                try:
                    while await self._asked(reader, writer, keep_alive=keep_alive):
                        await asyncio.sleep(_THINK_S)
                        begun_at = time.time()
                finally:
                    await close(writer)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.failures.append(Failure(begun_at, f"{type(error).__name__}: {error}"))
            await asyncio.sleep(_THINK_S)

    async def _asked(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep_alive: bool
    ) -> bool:
        """Send one request and return whether the connection stays open. Raises ValueError for an invalid response."""
        begun = time.monotonic()
        async with asyncio.timeout(_PATIENCE_S):
            stays, status, _ = await ask(reader, writer, self.path, keep_alive=keep_alive)
        self.answers += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
        if status >= 500:
            raise ValueError(f"status {status}")
        return stays


async def ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    path: str = "/",
    *,
    host: str = "shop.example",
    keep_alive: bool = False,
    more: str = "",
) -> tuple[bool, int, str]:
    """Send one request; return whether the connection stays, the status, and the body."""
    closing = "" if keep_alive else "Connection: close\r\n"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{closing}{more}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
    stays = keep_alive and headers.get("connection") != "close" and "content-length" in headers
    return stays, int(first.split()[1]), body.decode()


async def get(port: int, path: str = "/", host: str = "shop.example", more: str = "") -> tuple[int, str]:
    """Send one request and return status and body."""
    async with asyncio.timeout(_PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            _, status, body = await ask(reader, writer, path, host=host, more=more)
        finally:
            await close(writer)
    return status, body


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection, ignoring errors."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def load(port: int, path: str = "/", *, staying: int = 4, leaving: int = 2) -> AsyncGenerator[Load]:
    """Put a port under load, with clients that reuse their connection and others that do not."""
    found = Load(port, path=path)
    clients = [asyncio.create_task(found.client(keep_alive=True)) for _ in range(staying)]
    clients += [asyncio.create_task(found.client(keep_alive=False)) for _ in range(leaving)]
    try:
        yield found
    finally:
        for client in clients:
            client.cancel()
        for client in clients:
            with contextlib.suppress(asyncio.CancelledError):
                await client


class Aside(threading.Thread):
    """Runs a coroutine for a synchronous test; ``result`` waits for it and raises its error."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        super().__init__()
        self._work = work
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._work)
        except BaseException as failure:  # noqa: BLE001 - raised in the test's own thread
            self._failure = failure

    def result(self) -> None:
        self.join()
        if self._failure is not None:
            raise self._failure


@contextmanager
def load_aside(port: int, path: str = "/") -> Generator[Load]:
    """Like ``load``, for a synchronous test."""
    begun, ended = threading.Event(), threading.Event()
    made: list[Load] = []

    async def run() -> None:
        async with load(port, path) as found:
            made.append(found)
            begun.set()
            await asyncio.to_thread(ended.wait)

    aside = Aside(run())
    aside.start()
    begun.wait()
    try:
        yield made[0]
    finally:
        ended.set()
        aside.result()


@contextmanager
def burning(container: Any) -> Generator[None]:
    """Keep a container of the hello image busy, as far as its type lets it."""
    ended = threading.Event()

    def burn() -> None:
        while not ended.is_set():
            container.exec_run(["get", "-t", "30", "http://127.0.0.1:8080/burn?ms=500"])

    burners = [threading.Thread(target=burn) for _ in range(3)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        ended.set()
        for burner in burners:
            burner.join()
