"""What happens to every request before and after its route: id, size, identity, rate, measurement, log."""

import re
import time
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from miniaws import telemetry
from miniaws.http.admission import Admission
from miniaws.http.auth import request_identity
from miniaws.http.aws import AwsRequests, is_for_aws
from miniaws.http.errors import Problem, respond
from miniaws.http.headers import protect
from miniaws.http.hosts import AllowedHosts
from miniaws.http.sockets import SocketGate
from miniaws.settings import Settings

_log = structlog.get_logger("http")
_PUBLIC = re.compile(r"/(health/(live|ready)|openapi\.json|docs.*|(?!api/|metrics$).*)?")
_SIGN_IN = "/api/session"
_METRICS = "/metrics"
_PROXIED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_MOST_DIGITS = 18
"""Of a length; Python refuses to read a number of thousands of digits."""
_REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class RequestGuard:
    """Lets a request in once it has an id, a bearable size and, for ``/api``, an identity."""

    def __init__(self, app: ASGIApp, settings: Settings, *, read_only: bool = False) -> None:
        self._app = app
        self._hosts = AllowedHosts.of(settings)
        self._read_only = read_only
        self._max_body = settings.max_body_kb * 1024
        self._admission = Admission(settings)
        self._sockets = SocketGate(app, self._admission, self._hosts)
        self._aws = AwsRequests(self._admission, read_only=read_only)
        self._metrics_public = settings.metrics_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        scope["request_id"] = (
            given if _REQUEST_ID.fullmatch(given) else str(scope["app"].state.cloud.ports.random.uuid())
        )
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        answer = _Answer(send, scope)
        try:
            await self._serve(scope, headers, _Bounded(receive, self._max_body), answer)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets a problem document
            if answer.status is None:
                await respond(error, scope["request_id"])(scope, receive, answer)
            elif not isinstance(error, ClientDisconnect):
                # Too late for a problem document: the server closes the connection, and the client sees a cut answer.
                _log.error("answer broke off", request_id=scope["request_id"], exc_info=error)
        finally:
            if (scope["path"], answer.status) == (_SIGN_IN, 401) and scope["method"] == "POST":
                self._admission.count_failure(scope)
            _measure(scope, answer, time.perf_counter() - started)

    async def _serve(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: "_Answer"
    ) -> None:
        if is_for_aws(scope, headers):
            await self._aws(scope, receive, answer, lambda: self._check(scope, headers))
        else:
            await self._admit(scope, headers, answer)
            await self._app(scope, receive, answer)

    async def _admit(self, scope: Scope, headers: dict[bytes, bytes], answer: "_Answer") -> None:
        self._check(scope, headers)
        self._refuse_change(scope)
        if _PUBLIC.fullmatch(scope["path"]):
            return
        if scope["path"] == _METRICS and self._metrics_public and _is_of_this_machine(scope, headers):
            return
        if scope["path"] == _SIGN_IN and scope["method"] == "POST":
            # Nobody is known yet: the route looks at what is shown, and an address may not try without end.
            self._admission.limit_address(scope)
            self._admission.refuse_guessing(scope)
            return
        given = Headers(scope=scope)
        credential = given.get("authorization", "")
        found = await self._admission.identify(
            scope,
            credential,
            lambda: request_identity.of_request(scope["app"].state, given),
        )
        scope["identity"] = found
        allowance = self._admission.limit_key(scope, found)
        answer.more += self._admission.headers(allowance)
        self._admission.refuse_if_exhausted(allowance)

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        self._hosts.check(scope["headers"])
        length = headers.get(b"content-length", b"0").lstrip(b"0")
        if length.isdigit() and (len(length) > _MOST_DIGITS or int(length) > self._max_body):
            raise _too_large(self._max_body)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise Problem(
                400, "malformed_url", "cannot read the URL: it holds a NUL, which no name has; remove `%00`"
            )

    def _refuse_change(self, scope: Scope) -> None:
        # A browser signs in and out by a change, which is none of the cloud.
        if self._read_only and scope["method"] not in _SAFE and not scope["path"].startswith(_SIGN_IN):
            raise Problem(
                403, "read_only", "cannot change anything here: this is a history that is only shown"
            )


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
        self.more: list[tuple[bytes, bytes]] = []

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers.append((b"x-request-id", self._scope["request_id"].encode()))
            headers += self.more
            protect(MutableHeaders(scope=message))
        await self._send(message)


def _is_of_this_machine(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Return whether a program on this machine asks, and not a proxy on it for somebody else."""
    client = scope["client"][0] if scope.get("client") else ""
    try:
        return ip_address(client).is_loopback and not _PROXIED & headers.keys()
    except ValueError:
        return False


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"cannot read a body of more than {limit // 1024} KiB; send less")


def _measure(scope: Scope, answer: _Answer, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unknown")
    status = answer.status or 500
    telemetry.REQUEST_SECONDS.labels(scope["method"], route, str(status)).observe(seconds)
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
