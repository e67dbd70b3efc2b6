"""WebSockets pass the same gate as requests: identity, limits, request id, log."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Self, cast

import pytest
import structlog
from starlette.websockets import WebSocket
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from domain.system import Rate
from miniaws.http import sockets
from miniaws.http.live import Message, Stream
from miniaws.http.stream import serve_socket
from miniaws.settings import Settings
from tests.http.conftest import Api, serving
from tests.http.in_process import refused
from tests.runtime.running import eventually

WRONG = "miniaws_" + "w" * 43
FEW = 3
SLOW = Rate(per_s=0.01, burst=5000)


@pytest.fixture
async def strict(settings: Settings) -> AsyncGenerator[Api]:
    """A cloud that allows few wrong keys, and in which an exhausted limit does not recover."""
    update = {"failed_auth_per_minute": FEW, "rate_limit": SLOW.per_s, "rate_burst": SLOW.burst}
    async with serving(settings.model_copy(update=update)) as found:
        yield found


async def closed_with(api: Api, query: str, **headers: str) -> int | None:
    """Return the close code of a WebSocket, None for one that stays open."""
    async with api.followed.socket(query, **{"X-Request-Id": "req-1", **headers}) as socket:
        try:
            await socket.connection.recv()
        except ConnectionClosed:
            return socket.connection.close_code
    return None


async def test_wrong_keys_and_tickets_are_limited(strict: Api) -> None:
    for number in range(FEW):
        query = f"?ticket=x{number}" if number % 2 else f"?api_key={WRONG}"
        assert await closed_with(strict, query) == 4401
    for query in (f"?api_key={WRONG}", "?ticket=y"):
        assert await closed_with(strict, query) == 4429
    answer = await strict.http.get("/api/vpcs", headers={"Authorization": WRONG})
    refused(answer, 429, "too_many_requests", "too many were wrong")
    assert await closed_with(strict, f"?api_key={strict.key}") is None, "it was accepted before"


async def test_nothing_presented_is_no_guess(strict: Api) -> None:
    for _ in range(2 * FEW):
        assert await closed_with(strict, "") == 4401


async def test_a_socket_takes_from_the_rate_of_its_key(strict: Api) -> None:
    key, id_ = await strict.key_of("other")
    assert await closed_with(strict, f"?api_key={key}") is None
    left = strict.cloud.ports.rates.take(f"key {id_}", SLOW, SLOW.burst - 1)
    assert (left.remaining, left.wait_s) == (0, 0)
    assert await closed_with(strict, f"?api_key={key}") == 4429


async def test_a_socket_has_a_request_id_and_a_line_in_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another test of this process may have set a level, and loggers keep what was set at their first line.
    structlog.reset_defaults()
    monkeypatch.setattr(sockets, "_log", structlog.get_logger("http"))
    with capture_logs() as logs:
        sent = {"X-Request-Id": "req-7", "Authorization": api.key}
        async with api.followed.socket("?include=summary", **sent) as socket:
            response = socket.connection.response
            assert response is not None
            assert response.headers["x-request-id"] == "req-7"
            await socket.connection.recv()

        async def is_logged() -> bool:
            return any(each["event"] == "socket" for each in logs)

        await eventually(is_logged)
    line = next(each for each in logs if each["event"] == "socket")
    assert (line["path"], line["request_id"], line["code"]) == ("/api/dashboard/ws", "req-7", 1000)
    assert line["key"].startswith("key-")


class _Inattentive:
    """A stream that swallows one cancellation, as a wait for a connection of a pool may do up to Python 3.11."""

    def __init__(self) -> None:
        self.cancellations = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""

    async def batch(self) -> list[Message]:
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            self.cancellations += 1
            if self.cancellations > 1:
                raise
        return [Message("hello", b"{}", 1)]


async def test_a_socket_ends_with_its_client_even_if_a_cancellation_is_swallowed() -> None:
    waiting = [{"type": "websocket.disconnect", "code": 1000}, {"type": "websocket.connect"}]

    async def receive() -> Any:
        await asyncio.sleep(0)
        return waiting.pop()

    async def send(message: Any) -> None:
        assert message

    stream = _Inattentive()
    socket = WebSocket({"type": "websocket"}, receive, send)
    await socket.accept()
    async with asyncio.timeout(30):
        await serve_socket(socket, cast("Stream", stream))
    assert stream.cancellations == 2
