"""Every request ends with its key or session: streams, WebSockets, and long reads."""

import ast
import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import WebSocket
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.responses import StreamingResponse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import miniaws.http
from miniaws.http.app import ROUTERS
from miniaws.http.auth import active_requests
from miniaws.http.auth.active_requests import ActiveRequests
from tests.http.browsing import Browser, run
from tests.http.conftest import Api
from tests.http.following import DEADLINE_S


class MovedClock:
    """The time, plus an offset set by a test."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by

    async def move(self, by: timedelta) -> None:
        self.by += by


LONG_S = 600
STREAMING = {"StreamingResponse", "EventSourceResponse", "FileResponse"}
Way = Callable[[Api, str], contextlib.AbstractAsyncContextManager[Callable[[], Awaitable[None]]]]


@asynccontextmanager
async def over_http(api: Api, authorization: str, path: str) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Read an endless response; the yielded function returns when it has ended."""
    async with (
        httpx.AsyncClient(base_url=api.settings.url, timeout=LONG_S, trust_env=False) as http,
        http.stream("GET", path, headers={"Authorization": authorization}) as answer,
    ):
        assert answer.status_code == 200
        chunks = answer.aiter_bytes()
        await anext(chunks)

        async def ended() -> None:
            said = b"".join([chunk async for chunk in chunks])
            assert b"event: end" in said or b"\nerror: cannot continue: " in b"\n" + said, "it says why"

        yield ended


@asynccontextmanager
async def over_socket(
    api: Api, authorization: str, path: str, *, by_ticket: bool = False
) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """The same for a WebSocket, which must be closed with 4401."""
    url, headers = f"ws://127.0.0.1:{api.settings.port}{path}", {"Authorization": authorization}
    if by_ticket:
        issued = await api.http.post("/api/session/tickets", headers=headers)
        url, headers = f"{url}?ticket={issued.json()['ticket']}", {}
    async with connect(url, additional_headers=headers, proxy=None, close_timeout=1) as socket:
        await socket.recv()

        async def ended() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for _ in socket:
                    pass
            assert socket.close_code == 4401

        yield ended


@asynccontextmanager
async def without_answer(api: Api, authorization: str) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Send a request that hangs, and that ends with 401."""
    arrived: asyncio.Event = api.state.arrived
    arrived.clear()
    headers = {"Authorization": authorization}
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(api.http.get("/api/never", headers=headers, timeout=LONG_S))
        await arrived.wait()

        async def ended() -> None:
            answer = await asking
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")

        yield ended
        asking.cancel()


OURS: dict[str, Way] = {
    "show_instance_logs": lambda api, who: over_http(api, who, "/api/instances/web-1/logs?follow=true"),
    "stream": lambda api, who: over_http(api, who, "/api/dashboard/stream"),
    "web_socket": lambda api, who: over_socket(api, who, "/api/dashboard/ws"),
}
"""Every route that streams, by its name, and how it is followed."""
WAYS: dict[str, Way] = {
    **OURS,
    "a socket by a ticket": lambda api, who: over_socket(api, who, "/api/dashboard/ws", by_ticket=True),
    # Routes that know nothing of keys and sessions, as one that is added tomorrow:
    "an unknown stream": lambda api, who: over_http(api, who, "/api/endless"),
    "an unknown socket": lambda api, who: over_socket(api, who, "/api/endless-socket"),
    "an unknown read": without_answer,
}


@pytest.fixture
def clock(api: Api, monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    """The clock by which requests in progress expire."""
    found = MovedClock()
    monkeypatch.setattr(api.state.active, "_clock", found)
    return found


@pytest.fixture
async def followed(api: Api) -> AsyncGenerator[Api]:
    """A cloud with an instance that prints, and with routes that never end by themselves."""
    instance = await api.post("/api/instances", {"name": "web-1", "image": "nginx:1.27"})
    api.engine.say(instance.json()["id"], "hello")
    api.state.arrived = asyncio.Event()
    released = asyncio.Event()

    async def endless() -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            while True:
                yield "more\n"
                await asyncio.sleep(0.05)

        return StreamingResponse(body(), media_type="text/plain")

    async def endless_socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("more")
        await released.wait()

    async def never() -> None:
        api.state.arrived.set()
        await released.wait()

    api.app.add_api_route("/api/endless", endless)
    api.app.add_api_route("/api/never", never)
    api.app.add_api_websocket_route("/api/endless-socket", endless_socket)
    yield api
    released.set()


def test_every_route_that_streams_is_tried_here() -> None:
    """Every function with a streaming response in a file of routes is such a route, and so is every WebSocket."""
    found: set[str] = set()
    for file in Path(*miniaws.http.__path__).rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
                named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                found |= {function.name} if named & STREAMING else set()
    listed = [route for router in ROUTERS for route in router.routes]
    routes = [route for route in listed if isinstance(route, APIRoute | APIWebSocketRoute)]
    sockets = {route.name for route in routes if isinstance(route, APIWebSocketRoute)}
    assert found <= {route.name for route in routes}, (
        "a function that makes such an answer is no route itself"
    )
    assert found | sockets == OURS.keys()


async def ends(api: Api, authorization: str, staying: str, end: Callable[[], Awaitable[object]]) -> None:
    """Open every kind of stream for two clients; ending the first key or session ends only its streams."""
    async with AsyncExitStack() as stack:
        going = [await stack.enter_async_context(way(api, staying)) for way in WAYS.values()]
        leaving = [await stack.enter_async_context(way(api, authorization)) for way in WAYS.values()]
        await end()
        async with asyncio.timeout(DEADLINE_S):
            for ended in leaving:
                await ended()
        remaining = [asyncio.ensure_future(ended()) for ended in going]
        done, _ = await asyncio.wait(remaining, timeout=1)
        assert done == set()
        for task in remaining:
            task.cancel()
        await asyncio.wait(remaining)


async def test_everything_ends_with_a_key_that_is_revoked(followed: Api) -> None:
    key, key_id = await followed.key_of("main", "leaver")
    await ends(followed, key, followed.key, partial(followed.http.delete, f"/api/keys/{key_id}"))


async def test_everything_ends_with_a_key_that_expires(followed: Api, clock: MovedClock) -> None:
    expires_at = clock.now() + timedelta(hours=1)
    key, _ = await followed.key_of("main", "brief", expires_at=expires_at.isoformat())
    await ends(followed, key, followed.key, partial(clock.move, timedelta(hours=1)))


async def test_everything_ends_at_sign_out(followed: Api) -> None:
    async with Browser(followed) as leaving, Browser(followed) as staying:
        await leaving.sign_in({"api_key": followed.key})
        await staying.sign_in({"api_key": followed.key})
        end = partial(leaving.http.delete, "/api/session")
        await ends(followed, leaving.authorization, staying.authorization, end)


async def test_everything_ends_with_a_session_that_expires(followed: Api, clock: MovedClock) -> None:
    async with Browser(followed) as leaving:
        await leaving.sign_in({"api_key": followed.key})
        run(followed, "UPDATE sessions SET expires_at = now() + interval '1 hour'")
        await ends(followed, leaving.authorization, followed.key, partial(clock.move, timedelta(hours=1)))


async def test_everything_ends_at_the_sign_out_of_the_session_that_issued_the_ticket(followed: Api) -> None:
    async with Browser(followed) as parent, Browser(followed) as child, Browser(followed) as staying:
        await parent.sign_in({"api_key": followed.key})
        await child.sign_in({"ticket": await parent.ticket()})
        await staying.sign_in({"api_key": followed.key})
        end = partial(parent.http.delete, "/api/session")
        await ends(followed, child.authorization, staying.authorization, end)


async def test_everything_ends_with_a_revoked_key_when_no_event_arrives(
    followed: Api, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long request is checked against the store, even if the subscription fails."""
    key, key_id = await followed.key_of("main", "leaver")
    monkeypatch.setattr(followed.state.tail, "_listeners", [])
    monkeypatch.setattr(followed.state.authenticator, "_clock", clock)

    async def revoke() -> None:
        await followed.http.delete(f"/api/keys/{key_id}")
        await clock.move(timedelta(seconds=60))
        monkeypatch.setattr(active_requests, "_CHECK_EVERY_S", 0.1)

    await ends(followed, key, followed.key, revoke)


async def test_who_revokes_its_own_key_or_signs_out_is_answered(api: Api) -> None:
    key, key_id = await api.key_of("main", "leaver")
    answer = await api.http.delete(f"/api/keys/{key_id}", headers={"Authorization": key, "Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["status"]) == (202, "revoked")
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        assert (await browser.http.delete("/api/session")).status_code == 204


async def test_what_has_ended_is_forgotten(followed: Api) -> None:
    active: ActiveRequests = followed.state.active
    key, key_id = await followed.key_of("main", "leaver")
    await ends(followed, key, followed.key, partial(followed.http.delete, f"/api/keys/{key_id}"))
    async with asyncio.timeout(DEADLINE_S):
        while key_id in {request.identity.key_id for request in active._active}:  # noqa: ASYNC110, SLF001
            await asyncio.sleep(0.02)
