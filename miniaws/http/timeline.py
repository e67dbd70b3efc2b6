"""What happened, over HTTP."""

import base64
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import Invalid
from domain.values import parse_id, shown
from miniaws.application import Cloud
from miniaws.http.errors import Problem
from miniaws.http.reading import POSITION_HEADER, Caller, CloudDep, digest_of, position_at, resolve
from miniaws.http.writing import KnownQuery
from projections.activity import Filter

router = APIRouter(prefix="/api/timeline", tags=["time"], dependencies=[KnownQuery])

_NDJSON = "application/x-ndjson"
_Moment = Annotated[str | None, Query(max_length=64)]
_Word = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def show_timeline(  # noqa: PLR0913, PLR0917 - one parameter per filter
    cloud: CloudDep,
    caller: Caller,
    resource: Annotated[
        str | None, Query(max_length=100, description="id, or name together with kind")
    ] = None,
    kind: _Word = None,
    type: Annotated[str | None, Query(max_length=100, description="e.g. instance.crashed")] = None,  # noqa: A002
    actor: Annotated[str | None, Query(max_length=100, description="a key's id, or system:<manager>")] = None,
    correlation: _Word = None,
    from_: Annotated[
        str | None, Query(alias="from", max_length=64, description="RFC 3339 or a position")
    ] = None,
    to: _Moment = None,
    text: Annotated[str | None, Query(max_length=200, description="anywhere in the event")] = None,
    order: Literal["newest", "oldest"] = "newest",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Show events with who, what, on which resource, why and when, as CloudEvents.

    `{"items", "position", "next_cursor"}`, or a line per event with `Accept: application/x-ndjson`. A cursor
    stays right while new events arrive.
    """
    _check(kind, type)
    digest = digest_of(caller.account_id, resource, kind, type, actor, correlation, from_, to, text, order)
    wanted = Filter(
        account=caller.account_id,
        after=await position_at(cloud, from_, "from") if from_ else 0,
        before=(await position_at(cloud, to, "to") if to else await cloud.ports.inventory.position()) + 1,
        resource=await _resource(cloud, caller.account_id, resource, kind),
        kind=kind,
        type=type,
        actor=actor,
        correlation=correlation,
        text=text,
        newest_first=order == "newest",
        limit=limit + 1,
    )
    if from_ and to and wanted.after >= wanted.before:
        raise Invalid(
            "cannot show a time that ends before it begins: let `from` be earlier than `to`", field="from"
        )
    found = await cloud.ports.activity.timeline(_from_cursor(wanted, cursor, digest))
    return _answer(found, wanted, digest, accept)


def _check(kind: str | None, event_type: str | None) -> None:
    if kind is not None and kind not in Aggregate.kinds:
        raise Invalid(
            f"cannot filter by the kind {shown(kind)}: use one of {', '.join(Aggregate.kinds)}", field="kind"
        )
    if event_type is not None and event_type not in Aggregate.events:
        raise Invalid(
            f"cannot filter by the type {shown(event_type)}: see docs/events.md for the types", field="type"
        )


async def _resource(cloud: Cloud, account: str, resource: str | None, kind: str | None) -> UUID | None:
    if resource is None:
        return None
    parsed = parse_id(resource)
    if parsed is not None:
        return parsed[1]
    if kind is None:
        raise Invalid(
            f"cannot tell which resource {shown(resource)} is: give its id, or its kind too", field="resource"
        )
    return await resolve(
        cloud, Aggregate.kinds[kind], account, resource, await cloud.ports.inventory.position()
    )


def _from_cursor(wanted: Filter, cursor: str | None, digest: str) -> Filter:
    """Continue where a page ended: by position, so that what is new meanwhile moves nothing."""
    if cursor is None:
        return wanted
    try:
        last, head, made_for = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
        if made_for != digest or not isinstance(last, int) or not isinstance(head, int):
            raise ValueError  # noqa: TRY301 - one answer for all that can be wrong with a cursor
    except (ValueError, TypeError):
        raise Problem(
            422,
            "invalid_cursor",
            "cannot use the cursor: it belongs to another query; start without one",
            field="cursor",
        ) from None
    if wanted.newest_first:
        return replace(wanted, before=last)
    return replace(wanted, after=last, before=head)


def _answer(found: list[dict[str, Any]], wanted: Filter, digest: str, accept: str) -> Response:
    shown_events = found[: wanted.limit - 1]
    headers = {POSITION_HEADER: str(wanted.before - 1)}
    cursor = None
    if len(found) == wanted.limit:
        last = shown_events[-1]["position"]
        cursor = base64.urlsafe_b64encode(orjson.dumps([last, wanted.before, digest])).decode()
    if _NDJSON in accept:
        lines = b"".join(orjson.dumps(event) + b"\n" for event in shown_events)
        if cursor:
            headers["Miniaws-Next-Cursor"] = cursor
        return Response(lines, headers=headers, media_type=_NDJSON)
    body = {"items": shown_events, "position": wanted.before - 1, "next_cursor": cursor}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
