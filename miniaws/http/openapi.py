"""The OpenAPI document: requests as FastAPI describes them, and the answers of every operation.

Routes answer with bytes that are JSON already. The types of answers are declared in ``miniaws/http/answers``.
"""

import re
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from miniaws.capabilities import CAPABILITIES
from miniaws.http.answers.measurements import LivePoint
from miniaws.http.answers.table import answer_type

Json = dict[str, Any]


_ABOUT = """A cloud you can rewind. Authenticate with the header `Authorization: miniaws_<key>`.

**Changes.** A change is durable when its response arrives: status 202, with the document of the resource. The resource
reaches the requested state afterwards. With `Prefer: wait=60`, the response waits up to 60 seconds for that.

**Repeating a request.** Send each change with an `Idempotency-Key` of your choice, such as a UUID. If you lose the
response, send the same request with the same key: it takes effect only once, and you get the original response. A
different request with a key that was used is refused. A refused request does not use its key.

**Concurrent changes.** The `ETag` of a document is its version. Send it as `If-Match` to change the resource only if it
still has this version. Otherwise the response is 412: read the resource again, and decide again.

**Reads.** A read shows every change whose response arrived before it. With `as_of`, a read shows an earlier moment.
"""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="where the code is explained", examples=["/problems#not_found"])
    title: str
    status: int
    code: str = Field(description="stable: programs should compare it", examples=["not_found"])
    detail: str = Field(
        pattern="^(cannot |`.*` must )",
        description="what was refused and the remedy, or what a field must be",
    )
    retryable: bool = Field(description="the same request may succeed later")
    request_id: str
    field: str | None = Field(default=None, description="the path of the field that is wrong")


_PROBLEMS = {
    "400": "The request is malformed",
    "401": "The request is not authenticated",
    "403": "The role of the key does not allow it",
    "404": "The account has no such resource",
    "405": "The path does not support this method",
    "409": "The request conflicts with the current state",
    "412": "The resource has changed since the version in `If-Match`",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "A value is invalid",
    "429": "Too many requests",
    "503": "A part of the cloud is not available at the moment",
}
_OF_PUBLIC = {"400", "405", "413", "503"}
_OF_READS = _PROBLEMS.keys() - {"412", "415"}
_TEXT = {
    "/metrics": "text/plain",
    "/problems": "text/html",
    "/api/instances/{id_or_name}/logs": "text/plain",
    "/api/dashboard/stream": "text/event-stream",
}
_PAGE = re.compile(r"Page_(\w+?)_(?=\W)")
_EXAMPLES = {capability.path: capability.example for capability in CAPABILITIES}
_HEADERS = {
    "X-Request-Id": "identifies the request in logs and problems; the id that the client sent, if any",
    "RateLimit-Limit": "how many requests a key may send at once",
    "RateLimit-Remaining": "how many requests this key may send right now",
    "RateLimit-Reset": "seconds until this key may send `RateLimit-Limit` requests at once again",
    "Miniaws-Position": "the position of the log that the response shows",
    "ETag": "the version, for If-Match and If-None-Match",
    "Location": "the path of the resource",
    "Retry-After": "seconds to wait",
    "WWW-Authenticate": "how to authenticate",
}


def install(app: FastAPI) -> None:
    """Install this description in the application."""

    def describe() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = describe


def _describe(app: FastAPI) -> Json:
    found = get_openapi(
        title=app.title,
        version=version("miniaws"),
        description=_ABOUT,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    parts: Json = found.setdefault("components", {})
    answers = _add_schemas(found["paths"], parts)
    parts["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }
    parts["responses"] = {f"Problem{code}": _problem(code) for code in _PROBLEMS}
    parts["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`miniaws_<key>`"},
        "session": {"type": "http", "scheme": "bearer", "description": "`token` of `POST /api/session`"},
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation, answers.get((path, method)))
    return found


def _add_schemas(paths: Json, parts: Json) -> dict[tuple[str, str], Json]:
    """Add the schemas of all answers, and return that of each operation that answers with JSON."""
    adapters: dict[Any, TypeAdapter[Any]] = {
        (path, method): TypeAdapter(answer_type(method, path))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path not in _TEXT and "204" not in operation["responses"]
    }
    adapters |= {model: TypeAdapter(model) for model in (Problem, LivePoint)}
    inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        (key, "serialization", adapter) for key, adapter in adapters.items()
    ]
    answers, found = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    models = _with_short_names(found["$defs"])
    schemas: Json = {
        name: schema for name, schema in parts.get("schemas", {}).items() if "ValidationError" not in name
    }
    if twice := schemas.keys() & models.keys():
        raise ValueError(f"bodies and answers have schemas of the same names: {twice}")
    parts["schemas"] = {**schemas, **models}
    return {key: _with_short_names(schema) for (key, _), schema in answers.items()}


def _with_short_names(schema: Json) -> Json:
    """Name the page of a kind after the kind."""
    text = orjson.dumps(schema).decode()
    return orjson.loads(
        _PAGE.sub(lambda found: f"{found[1].removesuffix('Document') or 'Resource'}Page", text)
    )


def _complete(path: str, method: str, operation: Json, answer_schema: Json | None) -> None:
    """Add the security and every response of an operation."""
    is_public = not path.startswith(("/api/", "/metrics"))
    if not is_public and (path, method) != ("/api/session", "post"):
        operation["security"] = [{"key": []}, {"session": []}]
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    ((status, answer),) = [(code, each) for code, each in operation["responses"].items() if code[0] == "2"]
    if status != "204":
        answer["content"] = _content(path, answer_schema)
    answer["headers"] = _headers("X-Request-Id", *_headers_of(is_public=is_public, names=names))
    operation["responses"] = {status: answer}
    if "if-none-match" in names:
        operation["responses"]["304"] = {
            "description": "The resource has not changed",
            "headers": answer["headers"],
        }
    for code in sorted(_problems(method, is_public=is_public)):
        operation["responses"][code] = _ref("responses", f"Problem{code}")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["example"] = _EXAMPLES.get(path.split("/")[2], "web-1")


def _content(path: str, schema: Json | None) -> Json:
    text = {"schema": {"type": "string"}}
    if schema is None:
        return {_TEXT[path]: text}
    found: Json = {"application/json": {"schema": schema}}
    return {**found, "application/x-ndjson": text} if path == "/api/timeline" else found


def _headers_of(*, is_public: bool, names: set[str]) -> list[str]:
    found = [] if is_public else ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
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
