"""What happened, over HTTP."""

from dataclasses import replace
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from domain.access_key import AccessKey
from domain.aggregate import Aggregate
from domain.values import must, parse_id, public_id
from miniaws.application import Cloud
from miniaws.http.cursors import close_cursor, open_cursor
from miniaws.http.filters import Accounts, Between, check_kind, resolve_any
from miniaws.http.reading import POSITION_HEADER, CloudDep, digest_of
from miniaws.http.writing import KnownQuery
from projections.activity import CloudEvent, Filter

router = APIRouter(prefix="/api/timeline", tags=["time"], dependencies=[KnownQuery])

_NDJSON = "application/x-ndjson"
_SYSTEM = "system:"


@router.get("")
async def show_timeline(  # noqa: PLR0913, PLR0917 - one parameter per filter
    cloud: CloudDep,
    account: Accounts,
    between: Between,
    resource: Annotated[str | None, Query(min_length=1, max_length=100, description="id or name")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    type: Annotated[str | None, Query(max_length=100, description="e.g. instance.crashed")] = None,  # noqa: A002
    actor: Annotated[
        str | None, Query(max_length=100, description="id or name of a key, or system:<manager>")
    ] = None,
    correlation: Annotated[str | None, Query(max_length=200)] = None,
    text: Annotated[
        str | None, Query(min_length=1, max_length=200, description="anywhere in the event")
    ] = None,
    order: Literal["newest", "oldest"] = "newest",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Show events with who, what, on which resource, why and when, as CloudEvents.

    `{"items", "position", "next_cursor"}`, or a line per event with `Accept: application/x-ndjson`. A cursor
    stays right while new events arrive: all pages show what there was when the first one was read.
    """
    check_kind(kind)
    _check_type(type)
    words = (*between.texts, resource, kind, type, actor, correlation, text, order)
    wanted = Filter(
        account=account,
        after=between.after,
        before=between.to + 1,
        resource=(await resolve_any(cloud, account, resource, kind, between.to))[1] if resource else None,
        kind=kind,
        type=type,
        actor=await _actor(cloud, account, actor, between.to),
        correlation=correlation,
        text=text,
        newest_first=order == "newest",
        limit=limit + 1,
    )
    digest = digest_of(account, *words)
    page, position = _from_cursor(wanted, cursor, digest)
    found = await cloud.ports.activity.timeline(page)
    items = found[:limit]
    rest = close_cursor(digest, *_rest(page, items), position) if len(found) > limit else None
    return _answer(items, position, rest, accept)


@router.get("/density")
async def show_density(
    cloud: CloudDep,
    account: Accounts,
    between: Between,
    buckets: Annotated[int, Query(ge=1, le=1000, description="equal parts of the time")] = 96,
) -> Response:
    """Show the number of events and of failures over time, for a slider.

    The time goes from the first event to the last one of the range, and is cut into equal parts. `after` of a part
    is the position before it; `count` and `failures` are exact.
    """
    parts, last = await cloud.ports.activity.density(account, between.after, between.to, buckets)
    body = {
        "from": parts[0].starts_at if parts else None,
        "to": last,
        "count": sum(part.count for part in parts),
        "items": [
            {"at": part.starts_at, "after": part.after, "count": part.count, "failures": part.failures}
            for part in parts
        ],
        "position": between.to,
    }
    headers = {POSITION_HEADER: str(between.to)}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _check_type(event_type: str | None) -> None:
    if event_type is not None and event_type not in Aggregate.events:
        raise must("type", "be one of the types in docs/events.md", event_type)


async def _actor(cloud: Cloud, account: str | None, actor: str | None, at: int) -> str | None:
    """Return a key by its id; what is neither an id nor ours is a key's name."""
    if actor is None or actor.startswith(_SYSTEM) or parse_id(actor) is not None:
        return actor
    _, found = await resolve_any(cloud, account, actor, AccessKey.KIND, at)
    return public_id(AccessKey.PREFIX, found)


def _from_cursor(wanted: Filter, cursor: str | None, digest: str) -> tuple[Filter, int]:
    """Continue where a page ended: between positions, so that what is new meanwhile moves nothing."""
    if cursor is None:
        return wanted, wanted.before - 1
    after, before, position = map(int, open_cursor(cursor, digest, int, int, int))
    return replace(wanted, after=after, before=before), position


def _rest(page: Filter, items: list[CloudEvent]) -> tuple[int, int]:
    last: int = items[-1]["position"]
    return (page.after, last) if page.newest_first else (last, page.before)


def _answer(items: list[CloudEvent], position: int, cursor: str | None, accept: str) -> Response:
    headers = {POSITION_HEADER: str(position)}
    if _NDJSON in accept:
        lines = b"".join(orjson.dumps(event) + b"\n" for event in items)
        if cursor is not None:
            headers["Miniaws-Next-Cursor"] = cursor
        return Response(lines, headers=headers, media_type=_NDJSON)
    body = {"items": items, "position": position, "next_cursor": cursor}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
