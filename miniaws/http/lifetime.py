"""Ends every request with the key or session behind it, also in the middle of an answer: streams, sockets, long reads.

It stands between the gate and the routes, so that no route has to think of it, and none can forget it.
"""

import asyncio
import contextlib
from collections.abc import MutableMapping
from typing import Any

from fastapi import WebSocket
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import DomainError, Unauthenticated
from miniaws.http.auth.active_requests import ActiveRequest, ActiveRequests
from miniaws.http.errors import status_of

UNAUTHENTICATED = 4401
_CLOSED_FOR = 4000
"""Plus the status that a request is answered with; codes from 4000 on are for applications."""
_LAST_WORDS_S = 0.5
"""Time for a stream to say why it ends."""
_STUCK_S = 1.0
"""Time for a client to take the end of an answer."""
_SAFE = {"GET", "HEAD", "OPTIONS"}


class Lifetime:
    """Registers every request that has an identity, and stops it when that ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket. Raises Unauthenticated when it ends before it is answered."""
        if "identity" not in scope:
            await self._app(scope, receive, send)
            return
        active: ActiveRequests = scope["app"].state.active
        with active.enter(scope["identity"]) as request:
            scope["active_request"] = request
            await self._serve(scope, receive, send, request)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request: ActiveRequest) -> None:
        answer = _Answer(send)
        deadline = asyncio.timeout(None)
        try:
            async with deadline:
                answer.stop_with(request, deadline, at_once=scope.get("method", "GET") in _SAFE)
                await self._app(scope, receive, answer)
        except TimeoutError:
            if not deadline.expired():
                raise
            await answer.end(request.ended or "")


class _Answer:
    """Sends, and remembers how far the answer is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._kind: str | None = None
        """Of what was begun: ``http`` or ``websocket``."""
        self._is_text = False
        self._is_complete = False
        self._stop = lambda: None

    def stop_with(self, request: ActiveRequest, deadline: asyncio.Timeout, *, at_once: bool) -> None:
        """Stop what is served when the request must end; a change only once its answer has begun.

        It is done or refused as a whole, and its answer may be about the key or session itself.
        """
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if request.ended is not None and (at_once or self._kind is not None):
                deadline.reschedule(loop.time() + _LAST_WORDS_S)

        self._stop = stop
        request.on_end(lambda _: stop())

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send one message."""
        kind, _, what = message["type"].partition(".")
        begins = what in {"response.start", "accept"}
        if what == "response.start":
            self._is_text = any(
                name == b"content-type" and value.startswith(b"text/plain")
                for name, value in message["headers"]
            )
        self._is_complete = what == "close" or (what == "response.body" and not message.get("more_body"))
        await self._send(message)
        if begins:
            self._kind = kind
            self._stop()

    async def end(self, reason: str) -> None:
        """Complete what was begun. Raises Unauthenticated when nothing was."""
        if self._kind is None:
            raise Unauthenticated(f"cannot continue: {reason}; sign in again")
        if self._is_complete:
            return
        # A stream of events has said so by itself; text is read by people, and ends with a line for them.
        words = f"error: cannot continue: {reason}; sign in again\n".encode() if self._is_text else b""
        last: dict[str, Any] = {"type": "http.response.body", "body": words, "more_body": False}
        if self._kind == "websocket":
            last = {"type": "websocket.close", "code": UNAUTHENTICATED, "reason": reason}
        with contextlib.suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(_STUCK_S):
                await self._send(last)


def active_request(connection: HTTPConnection) -> ActiveRequest:
    """Return the registration of a request or WebSocket that has an identity."""
    return connection.scope["active_request"]


async def refuse(socket: WebSocket, error: DomainError) -> None:
    """Close an accepted WebSocket with a code and a reason.

    A browser does not show why a handshake was refused, but it shows how a socket was closed.
    """
    code = _CLOSED_FOR + status_of(type(error))
    # A close frame has room for 123 bytes.
    await socket.close(code, str(error).encode()[:123].decode(errors="ignore"))
