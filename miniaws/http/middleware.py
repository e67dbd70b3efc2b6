"""What happens to every request before and after its route: id, size, identity, rate, measurement, log."""

import re
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from miniaws import telemetry
from miniaws.http import identity
from miniaws.http.errors import Problem, respond
from miniaws.keyring import RateLimit
from miniaws.settings import Settings

_log = structlog.get_logger("http")
_PUBLIC = re.compile(r"/(health/(live|ready)|metrics|openapi\.json|docs.*|(?!api/).*)?")
_SIGN_IN = "/api/session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_REQUEST_ID = re.compile(r"[\w.:-]{1,128}")


class Gate:
    """Lets a request in once it has an id, a bearable size and, for ``/api``, an identity."""

    def __init__(self, app: ASGIApp, settings: Settings, rate: RateLimit, *, read_only: bool = False) -> None:
        self._app = app
        self._read_only = read_only
        self._max_body = settings.max_body_kb * 1024
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        scope["request_id"] = (
            given if _REQUEST_ID.fullmatch(given) else str(scope["app"].state.cloud.ports.chance.uuid())
        )
        answer = _Answer(send, scope)
        try:
            await self._admit(scope, headers, answer)
            await self._app(scope, _Bounded(receive, self._max_body), answer)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets a problem document
            if answer.status is None:
                await respond(error, scope["request_id"])(scope, receive, answer)
        finally:
            _measure(scope, answer, time.perf_counter() - started)

    async def _admit(self, scope: Scope, headers: dict[bytes, bytes], answer: "_Answer") -> None:
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max_body:
            raise _too_large(self._max_body)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise Problem(
                400, "malformed_url", "cannot read the URL: it holds a NUL, which no name has; remove `%00`"
            )
        # A browser signs in and out by a change, which is none of the cloud.
        if self._read_only and scope["method"] not in _SAFE and not scope["path"].startswith(_SIGN_IN):
            raise Problem(
                403, "read_only", "cannot change anything here: this is a history that is only shown"
            )
        if _PUBLIC.fullmatch(scope["path"]):
            return
        if scope["path"] == _SIGN_IN and scope["method"] == "POST":
            # Nobody is known yet: the route looks at what is shown, and an address may not try without end.
            self._rate.take(f"address {scope['client'][0] if scope['client'] else ''}", time.monotonic())
            return
        found = await identity.of_request(scope["app"].state, scope["method"], Headers(scope=scope))
        scope["identity"] = found
        answer.remaining = self._rate.take(found.key_id, time.monotonic())


class _Bounded:
    """Stops reading a body that grows beyond the limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message


class _Answer:
    """Sends, and remembers what was sent."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self.status: int | None = None
        self.remaining: int | None = None

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers.append((b"x-request-id", self._scope["request_id"].encode()))
            if self.remaining is not None:
                headers.append((b"ratelimit-remaining", str(self.remaining).encode()))
        await self._send(message)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"cannot read a body of more than {limit // 1024} KiB; send less")


def _measure(scope: Scope, answer: _Answer, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unknown")
    status = answer.status or 500
    telemetry.REQUEST_SECONDS.labels(scope["method"], route, str(status)).observe(seconds)
    if scope["method"] != "GET":
        telemetry.COMMAND_SECONDS.observe(seconds)
    caller = scope.get("identity")
    # The query may carry a ticket: only the path is logged.
    _log.info(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=scope["request_id"],
        key=caller.key_id if caller else None,
    )
