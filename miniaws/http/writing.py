"""How every change is asked for and answered: idempotency, versions, waiting."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.responses import Response

from domain import errors
from domain.access_key import Role
from domain.status import SETTLING
from domain.store import Cause
from domain.values import must
from miniaws import application, telemetry
from miniaws.application import AlreadyDone, Cloud, Saved
from miniaws.capabilities import PATHS
from miniaws.http.auth.authenticator import Identity
from miniaws.http.errors import Problem, request_id
from miniaws.http.reading import POSITION_HEADER, Caller, CloudDep, etag_of
from projections.document import born

_VISIBLE_S = 5.0
_MAX_WAIT_S = 60
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"', re.ASCII)
_PREFER_WAIT = re.compile(r"(?:^|[,;]\s*)wait=(\d+)(?:$|[,;\s])", re.ASCII)
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Writing:
    """A request for a change, and how long its answer may wait for the resource to settle."""

    cloud: Cloud
    request: application.Request
    wait_s: int


async def writing(
    request: Request,
    cloud: CloudDep,
    caller: Caller,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="repeats with the same key and body take effect once, and get the original response"
        ),
    ] = None,
    if_match: Annotated[
        str | None,
        Header(description="the ETag of the document; refused with 412 when the resource has changed since"),
    ] = None,
    prefer: Annotated[
        str | None, Header(description="wait=N waits up to N seconds until the change has taken effect")
    ] = None,
    traceparent: Annotated[
        str | None, Header(description="W3C trace context, stored with the events")
    ] = None,
) -> Writing:
    """Read what every change may say about itself."""
    digest = ""
    if idempotency_key is not None:
        if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
            raise must("Idempotency-Key", "have 1 to 255 visible ASCII characters")
        digest = application.fingerprint(
            request.method.encode(), request.scope["path"].encode(), await request.body()
        )
    cause = Cause(
        actor=caller.key_id,
        account_id=caller.account_id,
        source_ip=request.client.host if request.client else None,
        request_id=request_id(request),
        correlation_id=_trace(traceparent) or request_id(request),
    )
    asked = application.Request(cause, idempotency_key, digest, _expected_version(if_match))
    return Writing(cloud, asked, _preferred_wait_s(prefer))


def role(needed: Role) -> Callable[[Request], Any]:
    """Return a dependency that refuses keys of a lesser role."""

    async def check(request: Request) -> None:
        identity: Identity = request.scope["identity"]
        if not identity.role.covers(needed):
            raise errors.Forbidden(
                f"cannot do that with a key of the role {identity.role.value}: it takes {needed.value}"
            )

    return check


async def known_query(request: Request) -> None:
    """Refuse query parameters that the route does not know: none is ever ignored."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = {
        field.alias
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, params.Query)
    }
    for name in request.query_params:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise must(name, f"be a query parameter of this route ({listed})")


Operator = Depends(role(Role.OPERATOR))
Admin = Depends(role(Role.ADMIN))
KnownQuery = Depends(known_query)
CommandContext = Annotated[Writing, Depends(writing)]


async def answer(
    change: Writing,
    command: Awaitable[Saved],
    shown_once: Callable[[Saved], dict[str, Any]] | None = None,
) -> Response:
    """Run a command and answer 202 with the document it led to, once reads show it."""
    ports, started = change.cloud.ports, time.perf_counter()
    once: dict[str, Any] = {}
    document: dict[str, Any] | None = None
    try:
        saved = await command
    except AlreadyDone as done:
        resource_id, position = done.resource_id, done.position
    else:
        # What changed nothing shows the resource as it was decided on.
        resource_id, position = saved.aggregate.id, saved.receipt.position or await ports.store.head()
        once = shown_once(saved) if shown_once else once
        # The read model folds the same events: what is new need not be asked for.
        document = born(resource_id, saved.receipt.events)
    # A secret that is shown once must be in this response, even when reads are behind.
    if not await ports.visibility.wait_for(position, _VISIBLE_S) and not (document and once):
        raise errors.Unavailable(
            "cannot show the result yet: it is written, but the controller is behind or not running; "
            "retry with the same Idempotency-Key, or run `cloud status`"
        )
    document = document or await _document(change, resource_id, position)
    telemetry.COMMAND_SECONDS.observe(time.perf_counter() - started)
    document, position = await _settled(change, resource_id, document, position)
    return _accepted({**document, **once}, position)


def location_of(document: dict[str, Any]) -> str:
    """Return where a document can be read."""
    return f"/api/{PATHS[document['kind']]}/{document['id']}"


async def _settled(
    change: Writing, resource_id: UUID, document: dict[str, Any], position: int
) -> tuple[dict[str, Any], int]:
    """Wait until the resource has settled, for as long as the request prefers to."""
    clock = change.cloud.ports.clock
    started = clock.now()
    while change.wait_s and document["status"] in SETTLING:
        left = change.wait_s - (clock.now() - started).total_seconds()
        if left <= 0:
            break
        await change.cloud.ports.visibility.wait_for(position + 1, left)
        position = max(position, await change.cloud.ports.inventory.position())
        document = await _document(change, resource_id, position)
    return document, position


async def _document(change: Writing, resource_id: UUID, position: int) -> dict[str, Any]:
    account = None  # the command has checked whose it is
    found = await change.cloud.ports.inventory.one(resource_id, account, position)
    if found is None:
        raise errors.Unavailable(
            "cannot show the result yet: it is written; retry with the same Idempotency-Key"
        )
    return orjson.loads(found)


def _accepted(document: dict[str, Any], position: int) -> Response:
    headers = {
        "Location": location_of(document),
        "ETag": etag_of(document),
        POSITION_HEADER: str(position),
    }
    return Response(orjson.dumps(document), 202, headers, "application/json")


def _preferred_wait_s(prefer: str | None) -> int:
    wait = _PREFER_WAIT.search(prefer or "")
    if wait is None:
        return 0
    if len(wait[1]) > _MOST_DIGITS:
        raise must("Prefer", f"have a `wait` of at most {_MOST_DIGITS} digits, e.g. `wait=60`")
    return min(int(wait[1]), _MAX_WAIT_S)


def _expected_version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Problem(
            400,
            "invalid_etag",
            'cannot use If-Match: send the ETag of a document, e.g. "3"',
            field="If-Match",
        )
    return int(match[1])


def _trace(traceparent: str | None) -> str | None:
    match = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", traceparent or "")
    return match[1] if match else None
