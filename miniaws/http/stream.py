"""The live feed over SSE and WebSocket: ``id`` is the position, so that a client resumes where it was."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request, WebSocket, WebSocketDisconnect
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import DomainError, Invalid, Unauthenticated
from domain.values import shown
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import KnownQuery
from miniaws.hub import Hub, Message, Wish
from miniaws.keyring import Identity, Keyring
from miniaws.tasks import end

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])

_PARTS = frozenset({"events", "summary", "metrics"})
_HEARTBEAT_S = 15
_UNAUTHENTICATED = 4401
_INVALID = 4422

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
    wish = _wish(caller, include, kind, type, resource)
    after = await _after(cloud.ports.store.head, last_event_id, from_)
    hub: Hub = request.app.state.hub
    return EventSourceResponse(
        _frames(hub.stream(wish, after)), ping=_HEARTBEAT_S, headers={"Cache-Control": "no-store"}
    )


@router.websocket("/ws")
async def web_socket(
    socket: WebSocket,
    api_key: Annotated[str | None, Query()] = None,
    from_: _From = None,
    include: _Include = None,
    kind: _Word = None,
    type: _Word = None,  # noqa: A002
    resource: _Word = None,
) -> None:
    """Follow the cloud as JSON frames ``{"event", "id", "data"}``; the same feed as the stream."""
    keyring: Keyring = socket.app.state.keyring
    hub: Hub = socket.app.state.hub
    await socket.accept()
    try:
        identity = await keyring.identify(api_key or socket.headers.get("authorization", ""))
        wish = _wish(identity, include, kind, type, resource)
        after = await _after(socket.app.state.cloud.ports.store.head, None, from_)
    except Unauthenticated as error:
        await socket.close(_UNAUTHENTICATED, str(error)[:120])
        return
    except DomainError as error:
        await socket.close(_INVALID, str(error)[:120])
        return
    await _serve(socket, hub.stream(wish, after))


async def _serve(socket: WebSocket, messages: AsyncIterator[Message]) -> None:
    sending = asyncio.create_task(_send(socket, messages))
    leaving = asyncio.create_task(_until_closed(socket))
    await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    await end(sending, leaving)
    with contextlib.suppress(RuntimeError):
        await socket.close()


async def _send(socket: WebSocket, messages: AsyncIterator[Message]) -> None:
    async for message in messages:
        id_ = b"null" if message.position is None else b'"%d"' % message.position
        await socket.send_text(
            (b'{"event":%s,"id":%s,"data":%s}' % (orjson.dumps(message.name), id_, message.data)).decode()
        )


async def _until_closed(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _frames(messages: AsyncIterator[Message]) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async for message in messages:
        id_ = b"" if message.position is None else b"id: %d\n" % message.position
        yield id_ + b"event: %s\ndata: %s\n\n" % (message.name.encode(), message.data)


def _wish(
    identity: Identity, include: str | None, kind: str | None, event_type: str | None, resource: str | None
) -> Wish:
    parts = frozenset(include.split(",")) if include else _PARTS
    if not parts <= _PARTS:
        raise Invalid(
            f"cannot include {shown(include or '')}: use events, summary and metrics", field="include"
        )
    if kind is not None and kind not in Aggregate.kinds:
        raise Invalid(
            f"cannot filter by the kind {shown(kind)}: use one of {', '.join(Aggregate.kinds)}", field="kind"
        )
    if event_type is not None and event_type not in Aggregate.events:
        raise Invalid(f"cannot filter by the type {shown(event_type)}: see docs/events.md", field="type")
    return Wish(identity, parts, kind, event_type, resource)


async def _after(
    head: Callable[[], Awaitable[int]], last_event_id: str | None, from_: int | None
) -> int | None:
    if last_event_id is None:
        after = from_
    elif last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18:
        after = int(last_event_id)
    else:
        raise Invalid(f"cannot resume after {shown(last_event_id)}: it is no position", field="Last-Event-ID")
    if after is not None and after > (newest := await head()):
        raise Invalid(f"cannot resume after {after}: the newest event has position {newest}", field="from")
    return after
