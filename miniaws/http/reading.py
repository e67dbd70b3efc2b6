"""How every GET reads: as of which position, one document or a page of them."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from domain import errors
from domain.aggregate import Aggregate
from domain.values import parse_id, shown
from miniaws.application import Cloud
from miniaws.http.errors import Problem
from miniaws.keyring import Identity
from projections import inventory

POSITION_HEADER = "Miniaws-Position"
_WAIT_S = 5.0


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
class Moment:
    """The position a read answers for."""

    at: int


async def moment(
    cloud: CloudDep,
    as_of: Annotated[
        str | None, Query(description="an RFC 3339 instant or a position of the log", max_length=64)
    ] = None,
    min_position: Annotated[
        int | None, Query(ge=0, le=2**62, description="answer not before reads show this position")
    ] = None,
) -> Moment:
    """Resolve ``as_of``; without it, the newest position that reads show."""
    if min_position is not None:
        await _wait(cloud, min_position, "min_position")
    if as_of is None:
        return Moment(await cloud.ports.inventory.position())
    return Moment(await position_at(cloud, as_of, "as_of"))


async def position_at(cloud: Cloud, text: str, field: str) -> int:
    """Return the position that an instant or a position names. Raises Invalid; the future is refused."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        position = int(text)
        await _wait(cloud, position, field)
        return _begun(cloud, position, field)
    position, future = await cloud.ports.inventory.at_instant(instant(text, field))
    if future:
        raise errors.Invalid(f"cannot read as of {shown(text)}: it lies in the future", field=field)
    await _wait(cloud, position, field)
    return _begun(cloud, position, field)


def _begun(cloud: Cloud, position: int, field: str) -> int:
    if position < (begins := cloud.ports.inventory.begins):
        raise errors.Invalid(
            f"cannot read position {position}: this history begins at position {begins}",
            field=field,
            begins=begins,
        )
    return position


At = Annotated[Moment, Depends(moment)]


async def _wait(cloud: Cloud, position: int, field: str) -> None:
    if position > await cloud.ports.inventory.position():
        if position > (head := await cloud.ports.store.head()):
            raise errors.Invalid(
                f"cannot read position {position}: the newest event has position {head}",
                field=field,
                head=head,
            )
        if not await cloud.ports.visibility.wait_for(position, _WAIT_S):
            raise errors.Unavailable(
                f"cannot read position {position} yet: the controller is behind or not running; "
                "retry, or run `cloud status`"
            )


def instant(text: str, field: str) -> datetime:
    """Return an instant with its time zone. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise errors.Invalid(
            f"cannot read as of {shown(text)}: use an RFC 3339 instant with a time zone such as "
            "2026-11-23T10:02:11Z, or a position",
            field=field,
        )
    return found


async def resolve(cloud: Cloud, kind: type[Aggregate], account: str, id_or_name: str, at: int) -> UUID:
    """Return the resource of an id or name at a position. Raises NotFound."""
    parsed = parse_id(id_or_name)
    if parsed is not None and parsed[0] == kind.PREFIX:
        return parsed[1]
    found = await cloud.ports.inventory.named(account, kind.KIND, id_or_name, at)
    if found is None:
        raise _not_found(kind, id_or_name)
    return found


def tags_of(given: list[str] | None) -> dict[str, str]:
    """Return ``key=value`` texts as a dictionary. Raises Invalid."""
    tags: dict[str, str] = {}
    for each in given or []:
        key, separator, value = each.partition("=")
        if not separator:
            raise errors.Invalid(
                f"cannot filter by the tag {shown(each)}: write it as key=value", field="tag"
            )
        tags[key] = value
    return tags


async def one(
    cloud: Cloud,
    kind: type[Aggregate],
    account: str,
    id_or_name: str,
    at: Moment,
    if_none_match: str | None = None,
) -> Response:
    """Answer with one document."""
    resource_id = await resolve(cloud, kind, account, id_or_name, at.at)
    document = await cloud.ports.inventory.one(resource_id, account, at.at)
    if document is None:
        raise _not_found(kind, id_or_name)
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
    ended: bool
    limit: int
    cursor: str | None


async def filters(
    name: Annotated[str | None, Query(max_length=63, description="exactly this name")] = None,
    status: Annotated[str | None, Query(max_length=30, description="exactly this status")] = None,
    tag: Annotated[list[str] | None, Query(max_length=10, description="key=value; repeat for more")] = None,
    ended: Annotated[bool, Query(description="also what was terminated, deleted or revoked")] = False,  # noqa: FBT002
    limit: Annotated[int, Query(ge=1, le=1000, description="documents a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=1000, description="where the last page ended")] = None,
) -> Filters:
    """Read the query parameters of a list."""
    ended = ended or status in {"terminated", "deleted", "revoked"}
    return Filters(name, status, tags_of(tag), ended, limit, cursor)


Narrowed = Annotated[Filters, Depends(filters)]
IfNoneMatch = Annotated[str | None, Header(max_length=500)]


async def page(cloud: Cloud, kind: str | None, account: str, at: Moment, narrowed: Filters) -> Response:
    """Answer with ``{"items", "position", "next_cursor"}``; all pages of a cursor show one position."""
    digest = digest_of(
        kind, account, narrowed.name, narrowed.status, sorted(narrowed.tags.items()), narrowed.ended
    )
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
            ended=narrowed.ended,
            after=after,
            limit=narrowed.limit,
        )
    )
    cursor = orjson.dumps(_cursor(position, found.next, digest) if found.next else None)
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


def _cursor(position: int, after: tuple[str, UUID], digest: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([position, after[0], after[1], digest])).decode()


def _open_cursor(cursor: str, digest: str) -> tuple[int, tuple[str, UUID]]:
    try:
        position, name, id_, made_for = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
        after = (str(name), UUID(id_))
        if made_for != digest or not 0 <= position < 2**62 or "\0" in after[0]:
            raise ValueError  # noqa: TRY301 - one answer for all that can be wrong with a cursor
    except (ValueError, TypeError):
        raise Problem(
            422,
            "invalid_cursor",
            "cannot use the cursor: it belongs to another query; start without one",
            field="cursor",
        ) from None
    return position, after


def _not_found(kind: type[Aggregate], id_or_name: str) -> errors.NotFound:
    return errors.NotFound(
        f"cannot find {_words(kind.KIND)} {shown(id_or_name)}; list them to see what there is"
    )


def _words(kind: str) -> str:
    return kind.replace("_", " ")
