"""The live feed over SSE and WebSocket: ``id`` is the position, so that a client resumes where it was."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request, WebSocket
from sse_starlette import EventSourceResponse
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect

from domain.aggregate import Aggregate
from domain.errors import DomainError
from domain.values import must, parse_id
from miniaws.http.auth.authenticator import Identity
from miniaws.http.filters import check_kind
from miniaws.http.lifetime import UNAUTHENTICATED, active_request, refuse
from miniaws.http.live import Broadcaster, Message, Stream, StreamFilter
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import KnownQuery
from miniaws.tasks import end

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])

_PARTS = frozenset({"events", "summary", "metrics"})
_STUCK_S = 30
"""A client that takes nothing for so long is let go."""
_CONNECT_AGAIN = 1013
_CLOSING = {"end": UNAUTHENTICATED, "cut": _CONNECT_AGAIN}
"""With which code a WebSocket closes after its last message."""

_From = Annotated[int | None, Query(alias="from", ge=0, le=2**62, description="resume after this position")]
_Include = Annotated[str | None, Query(max_length=60, description="of events,summary,metrics; left out: all")]
_Word = Annotated[str | None, Query(max_length=100)]


@router.get("/stream", dependencies=[KnownQuery])
async def stream(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    cloud: CloudDep,
    caller: Caller,
    from_: _From = None,
    include: _Include = None,
    kind: _Word = None,
    type: _Word = None,  # noqa: A002
    resource: _Word = None,
    last_event_id: Annotated[str | None, Header(description="resume after this event")] = None,
) -> Response:
    """Follow the cloud as server-sent events; `Last-Event-ID` or `from` resumes with nothing lost or doubled."""
    filter_ = _filter(caller, include, kind, type, resource)
    after = await _after(cloud.ports.store.head, last_event_id, from_)
    hub: Broadcaster = request.app.state.hub
    return EventSourceResponse(
        _frames(hub.stream(filter_, after, active_request(request))),
        ping=cloud.settings.heartbeat_s,
        send_timeout=_STUCK_S,
        headers={"Cache-Control": "no-store"},
    )


@router.websocket("/ws")
async def web_socket(
    socket: WebSocket,
    from_: _From = None,
    include: _Include = None,
    kind: _Word = None,
    type: _Word = None,  # noqa: A002
    resource: _Word = None,
) -> None:
    """Follow the cloud as JSON frames ``{"event", "id", "data"}``; the same feed as the stream."""
    hub: Broadcaster = socket.app.state.hub
    await socket.accept()
    try:
        filter_ = _filter(socket.scope["identity"], include, kind, type, resource)
        after = await _after(socket.app.state.cloud.ports.store.head, None, from_)
    except DomainError as error:
        await refuse(socket, error)
        return
    await serve_socket(socket, hub.stream(filter_, after, active_request(socket)))


async def serve_socket(socket: WebSocket, messages: Stream) -> None:
    """Send until the stream is over or the client leaves, whichever comes first."""
    sending = asyncio.create_task(_send(socket, messages))
    leaving = asyncio.create_task(_until_closed(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(sending, leaving)
    failed = [task for task in (sending, leaving) if task.cancelled() or task.exception()]
    code = _CONNECT_AGAIN if sending in failed else sending.result()
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)


async def _send(socket: WebSocket, messages: Stream) -> int:
    """Send everything and return the code to close with."""
    last = ""
    async with messages:
        while batch := await messages.batch():
            for message in batch:
                await socket.send_text(_text(message))
            last = batch[-1].name
    return _CLOSING[last]


async def _until_closed(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _frames(messages: Stream) -> AsyncGenerator[bytes]:
    async with messages:
        yield b"retry: 1000\n\n"
        while batch := await messages.batch():
            yield b"".join(map(_frame, batch))


def _frame(message: Message) -> bytes:
    id_ = b"" if message.position is None else b"id: %d\n" % message.position
    return id_ + b"event: %s\ndata: %s\n\n" % (message.name.encode(), message.data)


def _text(message: Message) -> str:
    id_ = b"null" if message.position is None else b'"%d"' % message.position
    return (b'{"event":%s,"id":%s,"data":%s}' % (orjson.dumps(message.name), id_, message.data)).decode()


def _filter(
    identity: Identity, include: str | None, kind: str | None, event_type: str | None, resource: str | None
) -> StreamFilter:
    parts = frozenset(include.split(",")) if include else _PARTS
    if not parts <= _PARTS:
        raise must("include", "be some of events, summary and metrics", include)
    check_kind(kind)
    if event_type is not None and event_type not in Aggregate.events:
        raise must("type", "be one of the types in docs/events.md", event_type)
    if resource is not None and parse_id(resource) is None:
        raise must("resource", "be the id of a resource", resource)
    return StreamFilter(identity, parts, kind, event_type, resource)


async def _after(
    head: Callable[[], Awaitable[int]], last_event_id: str | None, from_: int | None
) -> int | None:
    if last_event_id is None:
        after = from_
    elif last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18:
        after = int(last_event_id)
    else:
        raise must("Last-Event-ID", "be a position", last_event_id)
    if after is not None and after > (newest := await head()):
        raise must("from", f"be at most {newest}, the position of the newest event", after)
    return after
