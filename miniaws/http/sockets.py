"""What happens to every WebSocket before and after its route; ``middleware.py`` does the same for requests."""

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from domain.errors import DomainError
from miniaws.http.admission import Admission
from miniaws.http.auth.request_identity import credential_of, of_socket
from miniaws.http.errors import Problem, respond
from miniaws.http.hosts import AllowedHosts
from miniaws.http.lifetime import refuse

_log = structlog.get_logger("http")


class SocketGate:
    """Lets a WebSocket in once its host is allowed and it has an identity, within the limits."""

    def __init__(self, app: ASGIApp, admission: Admission, hosts: AllowedHosts) -> None:
        self._app = app
        self._admission = admission
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        started = time.perf_counter()
        wire = _Wire(scope, receive, send)
        socket = WebSocket(scope, wire.receive, wire.send)
        try:
            await self._admit(scope, socket)
        except Problem as error:
            await socket.send_denial_response(respond(error, scope["request_id"]))
        except DomainError as error:
            # Accepted first: a browser does not show a page why a handshake was refused.
            await socket.accept()
            await refuse(socket, error)
        else:
            await self._app(scope, wire.receive, wire.send)
        finally:
            _write_log(scope, wire.code, time.perf_counter() - started)

    async def _admit(self, scope: Scope, socket: WebSocket) -> None:
        self._hosts.check(scope["headers"])
        identity = await self._admission.identify(scope, credential_of(socket), lambda: of_socket(socket))
        self._admission.refuse_if_exhausted(self._admission.limit_key(scope, identity))
        scope["identity"] = identity


class _Wire:
    """Passes messages on, and remembers how the connection was closed."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._request_id: str = scope["request_id"]
        self._receive = receive
        self._send = send
        self.code: int | None = None

    async def receive(self) -> Message:
        """Return the next message of the client."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self.code is None:
            self.code = message.get("code")
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a message to the client."""
        if message["type"] == "websocket.close" and self.code is None:
            self.code = message.get("code")
        if message["type"] in {"websocket.accept", "websocket.http.response.start"}:
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id.encode())]
            message = {**message, "headers": headers}
        await self._send(message)


def _write_log(scope: Scope, code: int | None, seconds: float) -> None:
    caller = scope.get("identity")
    # The query may hold a key or a ticket: only the path is logged.
    _log.info(
        "socket",
        path=scope["path"],
        code=code,
        ms=round(seconds * 1000, 1),
        request_id=scope["request_id"],
        key=caller.key_id if caller else None,
    )
