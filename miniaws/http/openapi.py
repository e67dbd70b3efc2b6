"""The OpenAPI document: what FastAPI knows of requests, and here, once for all routes, what every answer looks like.

Routes answer with bytes that are JSON already, so no model stands at their answers. What an answer holds follows
from what its route takes: ``If-Match`` changes a resource, ``If-None-Match`` shows one, ``ended`` lists many.
"""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

Json = dict[str, Any]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="where the code is explained", examples=["/problems#not_found"])
    title: str
    status: int
    code: str = Field(description="stable; decide by it", examples=["not_found"])
    detail: str = Field(pattern="^cannot ", description="what, and what would help")
    retryable: bool = Field(description="the same request may succeed later")
    request_id: str
    field: str | None = Field(default=None, description="what of the request is wrong")


class Document(BaseModel):
    """A resource, at one of its versions."""

    id: str = Field(examples=["i-…"])
    kind: str
    name: str
    status: str
    status_reason: str | None
    account_id: str
    tags: dict[str, str]
    version: int
    position: int = Field(description="of the event that led to this version")
    created_at: str
    updated_at: str
    created_by: str = Field(description="a key's id, or system:<manager>")
    spec: dict[str, Any] = Field(description="what was asked")
    observed: dict[str, Any] = Field(description="what is")


class IssuedKey(Document):
    """A key, with what it opens doors with."""

    key: str = Field(description="shown this once")


class Page(BaseModel):
    """Some resources of a list, as of one position."""

    items: list[Document]
    position: int
    next_cursor: str | None = Field(description="ask for the next page with it; null on the last one")


_PROBLEMS = {
    "400": "The request is malformed",
    "401": "Nobody knows who is asking",
    "403": "The key's role does not permit it",
    "404": "There is no such thing in this account",
    "405": "The path has no such method",
    "409": "The present state forbids it",
    "412": "It has changed since the version in `If-Match`",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "422": "A value can never be right",
    "429": "Too many requests",
    "503": "A part of the cloud does not answer at the moment",
}
_OF_PUBLIC = {"400", "405", "413", "503"}
_OF_READS = _PROBLEMS.keys() - {"412", "415"}
_TEXT = {"/metrics": "text/plain", "/api/instances/{id_or_name}/logs": "text/plain"}
_OTHER: dict[str, dict[str, Json]] = {
    "/api/dashboard/stream": {"text/event-stream": {"type": "string"}},
    "/api/timeline": {"application/json": {"type": "object"}, "application/x-ndjson": {"type": "string"}},
}
_EXAMPLES = {
    "instances": "web-1",
    "volumes": "data",
    "caches": "sessions",
    "queues": "events",
    "databases": "orders",
    "archives": "orders",
    "snapshots": "before-upgrade",
    "vpcs": "default",
    "keys": "admin",
    "orphans": "volume-vol-aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "resources": "web-1",
    "scaling-groups": "web",
}
_HEADERS = {
    "X-Request-Id": "names the request in logs and problems; the one that was sent, if any",
    "RateLimit-Remaining": "requests that the key may make at once",
    "Miniaws-Position": "the position of the log that the answer shows",
    "ETag": "the version, for If-Match and If-None-Match",
    "Location": "where the resource is read",
    "Retry-After": "seconds to wait",
    "WWW-Authenticate": "how to sign in",
}


def install(app: FastAPI) -> None:
    """Let the application describe itself so."""

    def describe() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = describe


def _describe(app: FastAPI) -> Json:
    found = get_openapi(
        title=app.title,
        version=version("miniaws"),
        description="A cloud you can rewind. Sign in with `Authorization: miniaws_<key>`.",
        routes=app.routes,
        openapi_version="3.1.0",
    )
    parts: Json = found.setdefault("components", {})
    _, models = models_json_schema(
        [(model, "serialization") for model in (Problem, Document, IssuedKey, Page)],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Json = {**parts.get("schemas", {}), **models["$defs"]}
    parts["schemas"] = {name: schemas[name] for name in schemas if "ValidationError" not in name}
    parts["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }
    parts["responses"] = {f"Problem{code}": _problem(code) for code in _PROBLEMS}
    parts["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`miniaws_<key>`"},
        "session": {"type": "apiKey", "in": "cookie", "name": "miniaws_session"},
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return found


def _complete(path: str, method: str, operation: Json) -> None:
    """Add to an operation who may ask, and every answer."""
    is_public = not path.startswith("/api/")
    if not is_public and (path, method) != ("/api/session", "post"):
        operation["security"] = [{"key": []}, {"session": []}]
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    ((status, answer),) = [(code, each) for code, each in operation["responses"].items() if code[0] == "2"]
    if status != "204":
        answer["content"] = _content(path, method, status, names)
    answer["headers"] = _headers("X-Request-Id", *_headers_of(is_public=is_public, names=names))
    operation["responses"] = {status: answer}
    if "if-none-match" in names:
        operation["responses"]["304"] = {"description": "It has not changed", "headers": answer["headers"]}
    for code in sorted(_problems(method, is_public=is_public)):
        operation["responses"][code] = _ref("responses", f"Problem{code}")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["example"] = _EXAMPLES.get(path.split("/")[2], "web-1")


def _content(path: str, method: str, status: str, names: set[str]) -> Json:
    if path in _OTHER:
        return {kind: {"schema": schema} for kind, schema in _OTHER[path].items()}
    if path in _TEXT:
        return {_TEXT[path]: {"schema": {"type": "string"}}}
    schema: Json = {"type": "object"}
    if (path, method) == ("/api/keys", "post"):
        schema = _ref("schemas", "IssuedKey")
    elif "if-none-match" in names or status == "202":
        schema = _ref("schemas", "Document")
    elif "ended" in names:
        schema = _ref("schemas", "Page")
    return {"application/json": {"schema": schema}}


def _headers_of(*, is_public: bool, names: set[str]) -> list[str]:
    found = [] if is_public else ["RateLimit-Remaining"]
    if names & {"as_of", "if-match"}:
        found.append("Miniaws-Position")
    if names & {"if-none-match", "if-match"}:
        found.append("ETag")
    return [*found, "Location"] if "if-match" in names else found


def _problems(method: str, *, is_public: bool) -> set[str]:
    if is_public:
        return set(_OF_PUBLIC)
    return set(_OF_READS if method == "get" else _PROBLEMS)


def _problem(code: str) -> Json:
    more = {"401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"]}.get(code, [])
    return {
        "description": _PROBLEMS[code],
        "headers": _headers("X-Request-Id", *more),
        "content": {"application/problem+json": {"schema": _ref("schemas", "Problem")}},
    }


def _headers(*names: str) -> Json:
    return {name: _ref("headers", name) for name in names}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
