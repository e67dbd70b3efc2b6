"""A client of the streams that reads the raw protocol, and can drop the connection."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

DEADLINE_S = 20


@dataclass(frozen=True)
class ExitHistory:
    """One message of a stream; a heartbeat has the name ``:``."""

    name: str
    position: int | None
    data: Any


class Sse:
    """A stream of server-sent events over a bare socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def start(self) -> None:
        """Read the head of the response."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    async def messages(self) -> AsyncIterator[ExitHistory]:
        """Yield messages until the stream ends, or the connection does."""
        async for block in self._blocks():
            fields = {line.partition(": ")[0]: line.partition(": ")[2] for line in block.split("\n")}
            if "data" in fields:
                position = int(fields["id"]) if "id" in fields else None
                yield ExitHistory(fields["event"], position, json.loads(fields["data"]))
            elif block.startswith(":"):
                yield ExitHistory(":", None, block)

    def cut(self) -> None:
        """Drop the connection without closing it."""
        self.writer.transport.abort()

    async def _blocks(self) -> AsyncIterator[str]:
        buffer = b""
        while True:
            try:
                size = int(await self.reader.readuntil(b"\r\n"), 16)
                buffer += (await self.reader.readexactly(size + 2))[:-2]
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if size == 0:
                return
            *blocks, buffer = buffer.replace(b"\r\n", b"\n").split(b"\n\n")
            for block in blocks:
                yield block.decode()


class Socket:
    """A stream over a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def messages(self) -> AsyncIterator[ExitHistory]:
        """Yield messages until the socket is closed."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(await self.connection.recv())
                yield ExitHistory(frame["event"], int(frame["id"]) if frame["id"] else None, frame["data"])

    def cut(self) -> None:
        """Drop the connection without closing it."""
        self.connection.transport.abort()


@dataclass(frozen=True)
class ReplicationSource:
    """The URL of the streams, and the key."""

    port: int
    key: str

    @asynccontextmanager
    async def sse(self, query: str = "", *, window: int = 2**16, **headers: str) -> AsyncGenerator[Sse]:
        """Follow by SSE; ``window`` is the size of the receive buffer."""
        line = socket.socket()
        line.settimeout(0)
        if window < 2**16:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=line, limit=window)
        sent = {"Host": f"127.0.0.1:{self.port}", "Authorization": self.key}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET /api/dashboard/stream{query} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items() if v)]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        found = Sse(reader, writer)
        try:
            await found.start()
            yield found
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @asynccontextmanager
    async def socket(self, query: str = "", **headers: str) -> AsyncGenerator[Socket]:
        """Follow by WebSocket, with the key in a header unless others are given."""
        url = f"ws://127.0.0.1:{self.port}/api/dashboard/ws{query}"
        sent = headers or {"Authorization": self.key}
        async with connect(
            url, additional_headers=sent, compression=None, proxy=None, close_timeout=1
        ) as found:
            yield Socket(found)


async def until(messages: AsyncIterator[ExitHistory], name: str) -> ExitHistory:
    """Return the next message of a name."""
    async with asyncio.timeout(DEADLINE_S):
        async for message in messages:
            if message.name == name:
                return message
    raise AssertionError(f"the stream ended before {name}")


async def events(messages: AsyncIterator[ExitHistory], count: int) -> list[ExitHistory]:
    """Return the next events of the log."""
    found: list[ExitHistory] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            message = await anext(messages)
            if "." in message.name:
                found.append(message)
    return found
