"""Errors as ``application/problem+json`` (RFC 9457): the only place that knows status codes."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain import errors
from domain.values import shown
from miniaws import validation

_log = structlog.get_logger()
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.StaleVersion, 412),
    (errors.KeyReused, 422),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Invalid, 422),
    (errors.Forbidden, 403),
    (errors.Unauthenticated, 401),
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
    (errors.Unreachable, 503),
    (errors.Refused, 409),
)
_TITLES = {
    400: "Malformed request",
    401: "Not signed in",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict with the current state",
    412: "Stale version",
    413: "Request too large",
    415: "Unsupported media type",
    421: "Misdirected request",
    422: "Invalid request",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available at the moment",
}


class Problem(HTTPException):
    """An HTTP error of its own, for what never reaches the domain.

    FastAPI lets only its own kind of error pass from the reading of a body to us.
    """

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(status, detail)
        self.code = code
        self.more = more


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return a problem document. Members that are None are left out."""
    body: dict[str, Any] = {
        "type": f"/problems#{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "retryable": status in {429, 503},
        "request_id": request_id,
        **{key: value for key, value in more.items() if value is not None},
    }
    return Response(orjson.dumps(body, default=str), status, dict(headers or {}), "application/problem+json")


def respond(error: Exception, request_id: str) -> Response:
    """Return the problem document for any error."""
    if isinstance(error, Problem):
        return problem(error.status_code, error.code, error.detail, request_id, **error.more)
    if isinstance(error, errors.DomainError):
        headers = None
        if isinstance(error, errors.TooMany | errors.Unavailable):
            headers = {"Retry-After": str(error.more.get("retry_after_s", 1))}
        if isinstance(error, errors.Unauthenticated):
            headers = {"WWW-Authenticate": "Bearer"}
        return problem(
            status_of(type(error)),
            error.code,
            str(error),
            request_id,
            headers,
            field=error.field,
            **error.more,
        )
    if isinstance(error, errors.PortError):
        return problem(status_of(type(error)), "engine_refused", f"cannot do that: {error}", request_id)
    _log.error("request failed", request_id=request_id, exc_info=error)
    return problem(
        500, "internal", "cannot answer: an error of miniaws itself; its log has the request id", request_id
    )


def install(app: FastAPI) -> None:
    """Answer every error that a route raises with a problem document."""

    async def on_error(request: Request, error: Exception) -> Response:
        return respond(error, request_id(request))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        return _invalid(error, request)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        return _http(error, request)

    for kind in (errors.DomainError, errors.PortError, Problem, Exception):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def request_id(request: Request) -> str:
    """Return the id that the middleware gave the request."""
    return request.scope.get("request_id", "")


def status_of(kind: type[Exception]) -> int:
    """Return the status code that an error of this kind is answered with."""
    return next((status for known, status in _STATUS if issubclass(kind, known)), 500)


def _invalid(error: RequestValidationError, request: Request) -> Response:
    found: list[dict[str, Any]] = [dict(each) for each in error.errors()]
    id_, kind = request_id(request), request.headers.get("content-type", "no type")
    if "json" not in kind and any(each["loc"] == ("body",) and each["type"] != "missing" for each in found):
        return problem(
            415,
            "unsupported_media_type",
            f"cannot read a body of {shown(kind)}: send it as Content-Type: application/json",
            id_,
        )
    if any(each["type"] == "json_invalid" for each in found):
        return problem(400, "malformed_json", "cannot read the body: it is no valid JSON", id_)
    fields = [_field(each, error.body) for each in found]
    listed = [
        {"field": field, "message": f"{shown(field)} {validation.rule(each, _limits(each, request))}"}
        for field, each in zip(fields, found, strict=True)
    ]
    return problem(422, "invalid", listed[0]["message"], id_, field=fields[0], errors=listed)


def _field(error: dict[str, Any], body: Any) -> str:
    location: tuple[Any, ...] = (*error["loc"], *error.get("ctx", {}).get("where", ()))
    return ".".join(str(part) for part in _without_types(location[1:], body)) or str(location[0])


def _without_types(location: tuple[Any, ...], body: Any) -> Iterator[Any]:
    """Leave out what names one of several types of bodies: it is the value of `type`, not a field."""
    node = body
    for part in location:
        inside: dict[Any, Any] = dict(enumerate(node)) if isinstance(node, list) else {}
        if isinstance(node, dict):
            inside = cast("dict[Any, Any]", node)
            if part not in inside and inside.get("type") == part:
                continue
        yield part
        node = inside.get(part)


def _limits(error: dict[str, Any], request: Request) -> tuple[float, float] | None:
    """Return the least and the most of the number that an error is about, when both are declared."""
    where, *path = error["loc"]
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return None
    if where == "body":
        body = route.body_field
        return None if body is None else validation.limits(body.field_info.annotation, path)
    for each in get_flat_params(route.dependant):
        if [each.alias] == path:
            return validation.limits_of(each.field_info)
    return None


def _http(error: HTTPException, request: Request) -> Response:
    path: str = request.scope["path"]
    codes = {
        400: "malformed_json",
        404: "no_such_route",
        405: "method_not_allowed",
        415: "unsupported_media_type",
    }
    code = codes.get(error.status_code, "http_error")
    detail = {
        # The framework answers so when JSON is too deep, or a number in it too long, to be read.
        400: "cannot read the body: it is no JSON that can be read; it must be UTF-8, and nested less deeply",
        404: f"cannot find {path}: see /docs for the routes",
        405: f"cannot {request.method} {path}: see /docs for its methods",
    }.get(error.status_code, f"cannot answer: {error.detail}")
    return problem(error.status_code, code, detail, request_id(request), error.headers)
