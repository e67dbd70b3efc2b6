"""How every GET reads: as of which position, one document or a page of them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from domain import errors, moments
from domain.aggregate import Aggregate
from domain.values import must, parse_id
from miniaws.application import Cloud
from miniaws.http.absent import in_some_vpc, not_found
from miniaws.http.auth.authenticator import Identity
from miniaws.http.cursors import close_cursor, invalid_cursor, open_cursor
from projections import inventory
from projections.document import ENDED

POSITION_HEADER = "Miniaws-Position"
_WAIT_S = 5.0
ENDED_WINDOW = timedelta(hours=24)
"""For this long a list shows what has ended, unless it is asked for more."""
_SPACE_BEFORE_OFFSET = re.compile(r" (?=\d\d:?\d\d$)", re.ASCII)


# What routes depend on is asynchronous even when it waits for nothing: the framework runs the rest in threads.
async def cloud_of(request: Request) -> Cloud:
    """Return the cloud this request is for."""
    return request.app.state.cloud


async def identity_of(request: Request) -> Identity:
    """Return who asks; the gate has found out."""
    return request.scope["identity"]


CloudDep = Annotated[Cloud, Depends(cloud_of)]
Caller = Annotated[Identity, Depends(identity_of)]


@dataclass(frozen=True, slots=True)
class AsOfPosition:
    """The position a read answers for."""

    at: int
    is_now: bool = False


async def as_of_position(
    cloud: CloudDep,
    as_of: Annotated[
        str | None, Query(description="an RFC 3339 instant or a position of the log", max_length=64)
    ] = None,
    min_position: Annotated[
        int | None, Query(ge=0, le=2**62, description="answer not before reads show this position")
    ] = None,
) -> AsOfPosition:
    """Resolve ``as_of``; without it, the newest position that reads show."""
    if min_position is not None:
        await _wait(cloud, min_position, "min_position")
    if as_of is None:
        return AsOfPosition(await cloud.ports.inventory.position(), is_now=True)
    return AsOfPosition(await position_at(cloud, as_of, "as_of"))


async def position_at(cloud: Cloud, text: str, field: str) -> int:
    """Return the position that an instant or a position names. Raises Invalid; the future is refused."""
    if is_position(text):
        position = int(text)
        await _wait(cloud, position, field)
        return _begun(cloud, position, field)
    position, future = await cloud.ports.inventory.at_instant(instant(text, field, or_position=True))
    if future:
        raise must(field, "be in the past", text)
    await _wait(cloud, position, field)
    return _begun(cloud, position, field)


def _begun(cloud: Cloud, position: int, field: str) -> int:
    if position < (begins := cloud.ports.inventory.begins):
        raise must(field, f"be at least {begins}, where this history begins", position, begins=begins)
    return position


AsOf = Annotated[AsOfPosition, Depends(as_of_position)]


async def _wait(cloud: Cloud, position: int, field: str) -> None:
    if position > await cloud.ports.inventory.position():
        if position > (head := await cloud.ports.store.head()):
            raise must(field, f"be at most {head}, the position of the newest event", position, head=head)
        if not await cloud.ports.visibility.wait_for(position, _WAIT_S):
            raise errors.Unavailable(
                f"cannot read position {position} yet: the controller is behind or not running; "
                "retry, or run `cloud status`"
            )


def is_position(text: str) -> bool:
    """Return whether a text is a position of the log rather than an instant."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def instant(text: str, field: str, *, or_position: bool = False) -> datetime:
    """Return an instant in UTC. Raises Invalid, which also offers a position where one can be used."""
    # A `+` that was not escaped in a query arrives as a space.
    found = moments.instant(_SPACE_BEFORE_OFFSET.sub("+", text))
    if found is None:
        raise must(field, f"be {moments.FORM}{', or a position' if or_position else ''}", text)
    return found


async def resolve(cloud: Cloud, kind: type[Aggregate], account: str, id_or_name: str, at: int) -> UUID:
    """Return the resource of an id or name at a position. Raises NotFound."""
    parsed = parse_id(id_or_name)
    if parsed is not None and parsed[0] == kind.PREFIX:
        return parsed[1]
    if kind.IS_IN_VPC:
        found = await in_some_vpc(cloud, kind, account, id_or_name, at)
    else:
        found = await cloud.ports.inventory.named(account, kind.KIND, id_or_name, at)
    if found is None:
        raise await not_found(cloud, kind, account, id_or_name, at)
    return found


def tags_of(given: list[str] | None) -> dict[str, str]:
    """Return ``key=value`` texts as a dictionary. Raises Invalid."""
    tags: dict[str, str] = {}
    for each in given or []:
        key, separator, value = each.partition("=")
        if not separator:
            raise must("tag", "be key=value", each)
        tags[key] = value
    return tags


async def one(
    cloud: Cloud,
    kind: type[Aggregate],
    account: str,
    id_or_name: str,
    at: AsOfPosition,
    if_none_match: str | None = None,
) -> Response:
    """Answer with one document."""
    resource_id = await resolve(cloud, kind, account, id_or_name, at.at)
    document = await cloud.ports.inventory.one(resource_id, account, at.at)
    if document is None:
        raise await not_found(cloud, kind, account, id_or_name, at.at)
    etag = etag_of(orjson.loads(document))
    headers = {"ETag": etag, POSITION_HEADER: str(at.at)}
    if if_none_match is not None and {etag, "*"} & {_strong(each) for each in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(document, headers=headers, media_type="application/json")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list may be narrowed by."""

    name: str | None
    status: str | None
    tags: dict[str, str]
    ended_after: int | None
    """Also what ended after this position; None: only what lives."""
    limit: int
    cursor: str | None
    query: str
    """A digest of all the above but the cursor, as it was asked for."""


async def filters(  # noqa: PLR0913, PLR0917 - the query parameters of every list
    cloud: CloudDep,
    at: AsOf,
    name: Annotated[str | None, Query(max_length=63, description="exactly this name")] = None,
    status: Annotated[str | None, Query(max_length=30, description="exactly this status")] = None,
    tag: Annotated[list[str] | None, Query(max_length=10, description="key=value; repeat for more")] = None,
    ended: Annotated[  # noqa: FBT002
        bool, Query(description="also what was terminated, deleted or revoked in the last 24 hours")
    ] = False,
    ended_since: Annotated[
        str | None,
        Query(
            max_length=64,
            description="also what ended since an RFC 3339 instant or a position of the log; `0` is everything",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="documents a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=1000, description="where the last page ended")] = None,
) -> Filters:
    """Read the query parameters of a list."""
    ended_after = None
    if ended_since is not None:
        ended_after = await position_at(cloud, ended_since, "ended_since")
    elif ended or status in ENDED:
        ended_after = await _window(cloud, at)
    tags = tags_of(tag)
    query = digest_of(name, status, sorted(tags.items()), ended, ended_since)
    return Filters(name, status, tags, ended_after, limit, cursor, query)


async def _window(cloud: Cloud, at: AsOfPosition) -> int:
    """Return the position at which the window of a list that shows what has ended begins."""
    reads = cloud.ports.inventory
    until = await reads.now() if at.is_now else await reads.recorded_at(at.at)
    if until is None:
        return 0
    position, _ = await reads.at_instant(until - ENDED_WINDOW)
    return position


Narrowed = Annotated[Filters, Depends(filters)]
IfNoneMatch = Annotated[str | None, Header(max_length=500)]


async def page(cloud: Cloud, kind: str | None, account: str, at: AsOfPosition, narrowed: Filters) -> Response:
    """Answer with ``{"items", "position", "next_cursor"}``; all pages of a cursor show one position."""
    digest = digest_of(kind, account, narrowed.query)
    position, after = at.at, None
    if narrowed.cursor is not None:
        position, after = _open_cursor(narrowed.cursor, digest)
    found = await cloud.ports.inventory.page(
        inventory.Query(
            at=position,
            account=account,
            kind=kind,
            name=narrowed.name,
            status=narrowed.status,
            tags=narrowed.tags,
            ended_after=narrowed.ended_after,
            after=after,
            limit=narrowed.limit,
        )
    )
    next_ = close_cursor(digest, position, found.next[0], str(found.next[1])) if found.next else None
    cursor = orjson.dumps(next_)
    body = b'{"items":[%s],"position":%d,"next_cursor":%s}' % (b",".join(found.documents), position, cursor)
    return Response(body, headers={POSITION_HEADER: str(position)}, media_type="application/json")


def _strong(etag: str) -> str:
    return etag.strip().removeprefix("W/")


def etag_of(document: dict[str, Any]) -> str:
    """Return the entity tag of a document: its version."""
    return f'"{document["version"]}"'


def digest_of(*parts: object) -> str:
    """Return what binds a cursor to its query."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _open_cursor(cursor: str, digest: str) -> tuple[int, tuple[str, UUID]]:
    position, name, id_ = open_cursor(cursor, digest, int, str, str)
    try:
        return int(position), (str(name), UUID(str(id_)))
    except ValueError:
        raise invalid_cursor() from None
