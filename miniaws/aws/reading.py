"""How operations read: one resource by its id on the wire, or all that match filters, page by page."""

import base64
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

import orjson

from domain.status import GONE, SETTLING
from miniaws.application import fingerprint
from miniaws.aws.call import Call, Moment
from miniaws.aws.names import id_range
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from projections.inventory import Query

Document = dict[str, Any]
Filterable = Mapping[str, Callable[[Document], Sequence[Any]]]
"""What a kind may be filtered by: the values of a document for each filter."""

ENDED_FOR = timedelta(hours=1)
"""For this long, what was terminated is shown."""
_HOLD_S = 3.0
"""Clients that wait ask again only after 15 s, so an answer waits until the resource has settled."""
_AT_ONCE = 200
_TAG = "tag:"
_TAG_KEY = "tag-key"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource on the wire."""

    kind: str
    prefix: str
    """Of its ids."""
    not_found: str
    malformed: str
    keeps_ended: bool = False
    """Whether it is shown for an hour after its end."""


async def one(call: Call, kind: Kind, id_: str) -> Document:
    """Return the document of a resource. Raises Failure when there is none, or when it has ended."""
    resource_id = await find(call, kind, id_)
    found = await call.cloud.ports.inventory.one(resource_id, call.account, call.moment.position)
    document: Document | None = None if found is None else orjson.loads(found)
    if document is None or not _is_shown(call, kind, document):
        raise absent(kind, id_)
    return document


async def find(call: Call, kind: Kind, id_: str) -> UUID:
    """Return the resource that an id stands for, ended or not. Raises Failure."""
    ids = id_range(id_, kind.prefix)
    if ids is None:
        raise Failure(kind.malformed, f'Invalid id: "{id_[:80]}" (expecting "{kind.prefix}-...")')
    found = await call.cloud.ports.inventory.between(call.account, kind.kind, *ids, call.moment.position)
    if found is None:
        raise absent(kind, id_)
    return found


def absent(kind: Kind, id_: str) -> Failure:
    """Return the refusal of an id that no resource has."""
    return Failure(kind.not_found, f"The {kind.kind} ID '{id_[:80]}' does not exist")


async def described(
    call: Call,
    kind: Kind,
    ids: Sequence[str] | None,
    given: Values,
    filterable: Filterable,
) -> tuple[list[Document], str | None]:
    """Return the documents that are asked for, and the token of the next page.

    By id, the answer waits a little while something is under way.
    """
    filters: list[Values] = given.get("Filters") or []
    refuse_unknown(filters, filterable)
    if ids:
        found = [await _settled(call, kind, id_) for id_ in ids]
        return [each for each in found if matches(filters, filterable, each)], None
    return await _page(call, kind, given, filterable)


def refuse_unknown(filters: list[Values], filterable: Filterable) -> None:
    """Raise Failure for a filter that the kind does not have."""
    for each in filters:
        name = each.get("Name", "")
        if name not in {_TAG_KEY, *filterable} and not name.startswith(_TAG):
            raise Failure("InvalidParameterValue", f"The filter '{name[:80]}' is invalid")
        if not each.get("Values"):
            raise Failure("InvalidParameterValue", f"The filter '{name[:80]}' has no values")


def matches(filters: list[Values], filterable: Filterable, document: Document) -> bool:
    """Return whether a document passes all filters."""
    return all(_passes(each, filterable, document) for each in filters)


async def _page(
    call: Call, kind: Kind, given: Values, filterable: Filterable
) -> tuple[list[Document], str | None]:
    filters, most = given.get("Filters") or [], given.get("MaxResults")
    if most is not None and most < 1:
        raise Failure("InvalidParameterValue", "MaxResults must be at least 1")
    digest = fingerprint(call.account.encode(), kind.kind.encode(), orjson.dumps(filters))[:16]
    position, ended_after, after = call.moment.position, await _window(call, kind), None
    if given.get("NextToken"):
        position, ended_after, after = _opened(given["NextToken"], digest, position)
    shown: list[Document] = []
    async for place, document in _documents(call, kind, position, ended_after, after):
        if not matches(filters, filterable, document):
            continue
        if len(shown) == most:
            return shown, _token(digest, position, ended_after, after)
        shown.append(document)
        after = place
    return shown, None


async def _documents(
    call: Call, kind: Kind, position: int, ended_after: int | None, after: tuple[str, UUID] | None
) -> AsyncIterator[tuple[tuple[str, UUID], Document]]:
    """Yield documents with their places in the list, as of a position."""
    query = Query(position, call.account, kind.kind, ended_after=ended_after, after=after, limit=_AT_ONCE)
    while True:
        page = await call.cloud.ports.inventory.page(query)
        for text in page.documents:
            document: Document = orjson.loads(text)
            if kind.keeps_ended or document["status"] not in GONE:
                yield (document["name"], _uuid(document)), document
        if page.next is None:
            return
        query = replace(query, after=page.next)


async def _window(call: Call, kind: Kind) -> int | None:
    if not kind.keeps_ended:
        return None
    position, _ = await call.cloud.ports.inventory.at_instant(call.moment.instant - ENDED_FOR)
    return position


async def _settled(call: Call, kind: Kind, id_: str) -> Document:
    document = await one(call, kind, id_)
    ports = call.cloud.ports
    until = ports.clock.now() + timedelta(seconds=_HOLD_S)
    position = call.moment.position
    while call.moment.is_now and document["status"] in SETTLING:
        left = (until - ports.clock.now()).total_seconds()
        if left <= 0 or not await ports.visibility.wait_for(position + 1, left):
            break
        position = await ports.inventory.position()
        document = await one(now(call, position), kind, id_)
    return document


def now(call: Call, position: int) -> Call:
    """Return the call as it reads at a newer position."""
    return replace(call, moment=Moment(position, call.moment.instant, is_now=True))


def _is_shown(call: Call, kind: Kind, document: Document) -> bool:
    if document["status"] not in GONE:
        return True
    ended_at = datetime.fromisoformat(document["updated_at"])
    return kind.keeps_ended and ended_at > call.moment.instant - ENDED_FOR


def _passes(wanted: Values, filterable: Filterable, document: Document) -> bool:
    name: str = wanted["Name"]
    tags: dict[str, str] = document["tags"]
    found: Sequence[Any]
    if name.startswith(_TAG):
        key = name.removeprefix(_TAG)
        found = [tags[key]] if key in tags else []
    elif name == _TAG_KEY:
        found = list(tags)
    else:
        found = filterable[name](document)
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in found]
    patterns = [each.replace("[", "[[]") for each in wanted["Values"]]
    return any(fnmatchcase(text, pattern) for text in texts for pattern in patterns)


def _uuid(document: Document) -> UUID:
    return UUID(bytes=base64.b32decode(document["id"].rpartition("-")[2].upper() + "======"))


def _token(digest: str, position: int, ended_after: int | None, after: tuple[str, UUID] | None) -> str:
    place = [] if after is None else [after[0], str(after[1])]
    return base64.urlsafe_b64encode(orjson.dumps([digest, position, ended_after, *place])).decode()


def _opened(token: str, digest: str, newest: int) -> tuple[int, int | None, tuple[str, UUID]]:
    try:
        made_for, position, ended_after, name, id_ = orjson.loads(base64.urlsafe_b64decode(token))
        is_sound = made_for == digest and 0 <= position <= newest and not re.search("\0", name)
        place = (str(name), UUID(id_))
        is_sound = is_sound and (ended_after is None or 0 <= ended_after <= newest)
    except (ValueError, TypeError, AttributeError):
        raise _invalid_token() from None
    if not is_sound:
        raise _invalid_token()
    return position, ended_after, place


def _invalid_token() -> Failure:
    return Failure("InvalidNextToken", "The token is not one of this request")
