"""Answers have the types that the OpenAPI document declares; errors name a field that it declares."""

import re
from functools import cache
from types import GenericAlias
from typing import Any

import httpx
from pydantic import ConfigDict, TypeAdapter

from miniaws import bootstrap
from miniaws.http.answers.table import answer_type
from miniaws.settings import Settings


async def conforms(answer: httpx.Response) -> None:
    """Raise ValidationError unless a successful answer with JSON has the type that its operation declares."""
    if not answer.is_success or answer.headers.get("content-type") != "application/json":
        return
    path = answer.request.url.path
    for pattern, template, statuses in _paths():
        status = statuses.get(answer.request.method.lower())
        if pattern.fullmatch(path) and str(answer.status_code) == status:
            await answer.aread()
            _adapter(answer.request.method, template).validate_json(b"[" + answer.content + b"]")


async def names_a_field(answer: httpx.Response) -> None:
    """Raise AssertionError unless the field of a problem document is a parameter, or a path in the request body."""
    if answer.headers.get("content-type") != "application/problem+json":
        return
    await answer.aread()
    problem: dict[str, Any] = answer.json()
    path, field = answer.request.url.path, problem.get("field")
    if field is None or "unknown field" in problem["detail"] or "query parameter" in problem["detail"]:
        return
    for pattern, template, _ in _paths():
        operation = _document()["paths"][template].get(answer.request.method.lower())
        if operation is not None and pattern.fullmatch(path):
            assert is_declared(operation, field), f"{template}: {problem}"


def is_declared(operation: dict[str, Any], field: str) -> bool:
    """Return whether a field is a parameter of an operation, or a path in its body."""
    names = {each["name"].lower() for each in operation.get("parameters", [])}
    # The host is checked before any operation is chosen.
    if field.lower() in names or field in {"body", "Host"}:
        return True
    content = operation.get("requestBody", {}).get("content", {})
    return any(_leads_somewhere(each["schema"], field.split(".")) for each in content.values())


def _leads_somewhere(schema: dict[str, Any], path: list[str]) -> bool:
    if "$ref" in schema:
        schema = _document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if not path:
        return True
    if schema.get("additionalProperties") is True:
        return True  # an object of any shape, which another model describes
    first, *rest = path
    inside: list[dict[str, Any]] = []
    if first in schema.get("properties", {}):
        inside.append(schema["properties"][first])
    if isinstance(schema.get("additionalProperties"), dict):
        inside.append(schema["additionalProperties"])
    if first.isdigit() and "items" in schema:
        inside.append(schema["items"])
    others = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return any(_leads_somewhere(each, rest) for each in inside) or any(
        _leads_somewhere(each, path) for each in others
    )


@cache
def _document() -> dict[str, Any]:
    app = bootstrap.create_api(Settings(engine="memory"), bootstrap.memory_infrastructure())
    return app.openapi()


@cache
def _paths() -> list[tuple[re.Pattern[str], str, dict[str, str]]]:
    return [
        (
            re.compile(re.sub(r"\{\w+\}", "[^/]+", path)),
            path,
            {method: next(iter(operation["responses"])) for method, operation in operations.items()},
        )
        for path, operations in _document()["paths"].items()
    ]


@cache
def _adapter(method: str, path: str) -> TypeAdapter[Any]:
    listed: Any = GenericAlias(list, (answer_type(method, path),))
    return TypeAdapter(listed, config=ConfigDict(extra="forbid", strict=True))
