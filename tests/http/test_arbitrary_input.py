"""No input causes a server error: headers, cursors, parameters, paths and bodies.

``MINIAWS_TORTURE`` runs twenty times as many examples.
"""

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Awaitable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from adapters.embedded_postgres import EmbeddedPostgres
from miniaws import bootstrap
from miniaws.settings import Settings
from tests.conftest import scratch_database
from tests.http import arbitrary
from tests.http.arbitrary import Call, Headers, Route
from tests.http.in_process import BEGINNING, WAIT, Cloud, open_cloud

EXAMPLES = 3_000 if "MINIAWS_TORTURE" in os.environ else 150
PATIENCE_S = 60
ARBITRARY = settings(
    max_examples=EXAMPLES,
    derandomize="MINIAWS_TORTURE" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def _routes() -> list[Route]:
    app = bootstrap.create_api(Settings(engine="memory"), bootstrap.memory_infrastructure())
    return [each for each in arbitrary.routes(app.openapi()) if "stream" not in each.path]


ROUTES = _routes()
READS = [route for route in ROUTES if route.method == "GET"]
CHANGES = [route for route in ROUTES if route.method != "GET"]


class Asked:
    """A cloud in this process with an event loop, for requests that no client library would send."""

    def __init__(self, url: str, home: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.cloud: Cloud = self._runner.run(self._stack.enter_async_context(open_cloud(url, home)))
        self._runner.run(self._prepare())
        assert self.status(Call("GET", "/api/instances/web-1")) == 200

    async def _prepare(self) -> None:
        admin = self.cloud.admin
        await self.cloud.launched()
        await admin.post("/api/volumes", json={"name": "data"}, headers=WAIT)
        for path, body in (
            ("databases", {}),
            ("caches", {"engine": "redis"}),
            ("queues", {"engine": "nats"}),
        ):
            answer = await admin.post(f"/api/{path}", json={"name": "web-1", **body}, headers=WAIT)
            assert answer.status_code == 202, answer.text

    def close(self) -> None:
        """End the cloud."""
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def run(self, work: Awaitable[Any]) -> Any:
        """Run a coroutine in the loop of the cloud."""

        async def inside() -> Any:
            return await work

        return self._runner.run(inside())

    def status(self, call: Call, *, key: bool = True) -> int:
        """Return the status of a response, and check that an error is a problem document."""
        headers = [*call.headers]
        if key and b"authorization" not in dict(headers):
            headers.append((b"authorization", self.cloud.key.encode()))
        return self.run(self._ask(call, headers))

    async def _ask(self, call: Call, headers: list[tuple[bytes, bytes]]) -> int:
        sent: list[Message] = []
        waiting = [{"type": "http.request", "body": call.body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: Message) -> None:
            sent.append(message)

        async with asyncio.timeout(PATIENCE_S):
            await self.cloud.app(_scope(call, headers, self.cloud), receive, send)
        status: int = sent[0]["status"]
        if status >= 400:
            problem = json.loads(b"".join(each["body"] for each in sent[1:]))
            assert BEGINNING.match(problem["detail"]), problem
        return status

    def socket(self, query: str, headers: Headers, *, key: bool) -> list[Message]:
        """Return the messages to a WebSocket whose client disconnects immediately; raises errors of the API."""
        given = list(headers) + ([(b"authorization", self.cloud.key.encode())] if key else [])
        scope = {**_scope(Call("GET", "/api/dashboard/ws", query), given, self.cloud), "type": "websocket"}
        scope["extensions"] = {"websocket.http.response": {}}
        waiting = [{"type": "websocket.disconnect", "code": 1000}, {"type": "websocket.connect"}]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: Message) -> None:
            sent.append(message)

        async def ask() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await self.cloud.app(scope, receive, send)

        self.run(ask())
        return sent


def _scope(call: Call, headers: list[tuple[bytes, bytes]], cloud: Cloud) -> dict[str, Any]:
    if b"host" not in dict(headers):
        headers = [(b"host", b"localhost"), *headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": unquote(call.path),
        "raw_path": call.path.encode(),
        "query_string": call.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("cloud", 80),
        "app": cloud.app,
        "state": {},
    }


@pytest.fixture(scope="module")
def asked(postgres: EmbeddedPostgres) -> Generator[Asked]:
    """Return a cloud with a resource of most kinds."""
    with scratch_database(postgres) as url, tempfile.TemporaryDirectory() as home:
        found = Asked(url, Path(home))
        yield found
        found.close()


@ARBITRARY
@given(st.sampled_from(READS).flatmap(arbitrary.reads))
def test_no_parameter_of_a_read_is_a_server_error(asked: Asked, call: Call) -> None:
    assert asked.status(call) < 500, call


@ARBITRARY
@given(st.sampled_from(CHANGES).flatmap(arbitrary.changes))
def test_no_body_of_a_change_is_a_server_error(asked: Asked, call: Call) -> None:
    assert asked.status(call) < 500, call


@ARBITRARY
@given(arbitrary.odd_headers, st.sampled_from(["GET", "POST", "DELETE"]), st.booleans())
def test_no_header_is_a_server_error(asked: Asked, headers: Headers, method: str, key: bool) -> None:  # noqa: FBT001
    body = json.dumps({"name": "web-1", "role": "viewer"}).encode() if method == "POST" else b""
    path = {"GET": "/api/vpcs/default", "POST": "/api/keys", "DELETE": "/api/vpcs/nosuch"}[method]
    kind = () if b"content-type" in dict(headers) else ((b"content-type", b"application/json"),)
    for each in (path, "/api/session", "/api/timeline", "/nosuch"):
        call = Call(method, each, headers=(*kind, *headers), body=body)
        assert asked.status(call, key=key) < 500, call


SOCKET_QUERY = ("from", "include", "kind", "type", "resource", "api_key", "ticket")


@ARBITRARY
@given(
    st.lists(st.tuples(st.sampled_from(SOCKET_QUERY), arbitrary.odd_text), max_size=2),
    arbitrary.odd_headers,
    st.booleans(),
)
def test_no_websocket_is_a_server_error(
    asked: Asked,
    query: list[tuple[str, str]],
    headers: Headers,
    key: bool,  # noqa: FBT001
) -> None:
    sent = asked.socket(urlencode(query, errors="replace"), headers, key=key)
    assert [each for each in sent if each.get("status", 0) >= 500 or each.get("code") == 1011] == [], query


def _with_cursors() -> list[str]:
    """Return the lists, with what makes each of them as long as it can be."""
    return [
        f"{route.path}?limit=1" + ("&ended=true" if "ended" in route.query else "")
        for route in READS
        if "cursor" in route.query and "{" not in route.path
    ]


@ARBITRARY
@given(st.sampled_from(_with_cursors()), st.integers(0, 5), arbitrary.json_value)
@example("/api/vpcs?limit=1&ended=true", 3, 1)
@example("/api/vpcs?limit=1&ended=true", 1, 1.0)
@example("/api/timeline?limit=1", 1, True)  # noqa: FBT003
def test_no_part_of_a_cursor_is_a_server_error(asked: Asked, url: str, index: int, value: Any) -> None:
    first = asked.run(asked.cloud.admin.get(url))
    cursor = first.json()["next_cursor"]
    parts = json.loads(base64.urlsafe_b64decode(cursor)) if cursor else ["", 1, "a", "b"]
    parts[index % len(parts)] = value
    changed = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    path, _, query = url.partition("?")
    assert asked.status(Call("GET", path, f"{query}&cursor={changed}")) in {200, 422}
