"""Arbitrary requests: odd values for every header, parameter, cursor, path and body of the API's own description."""

import base64
import json
from copy import deepcopy
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.http.odd_values import HEADER_VALUES, HEADERS, IDS, MOMENTS, NUMBERS, RAW_JSON, TEXTS

Json = dict[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as its bytes."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of the OpenAPI document."""

    method: str
    path: str
    query: tuple[str, ...]
    body: Any
    """A plausible body, None without one."""


odd_text = st.sampled_from(TEXTS + NUMBERS + MOMENTS + IDS) | st.text(max_size=20)
odd_moment = st.sampled_from(MOMENTS + NUMBERS) | st.datetimes().map(lambda at: f"{at.isoformat()}Z")
header_value = st.sampled_from(HEADER_VALUES + NUMBERS + MOMENTS).map(
    lambda text: text.encode("latin-1", "replace")
)
header_value |= st.binary(max_size=40)
json_leaf = (
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text | st.just(10**40) | st.just(-(10**400))
)
json_value = st.recursive(
    json_leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)

names = st.sampled_from([name for name in (*IDS, *TEXTS) if name not in {".", ".."}]) | st.text(
    min_size=1, max_size=20
)
cursors = odd_text | json_value.map(
    lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
)


def dumped(value: object) -> bytes:
    """Return a value as JSON; lone surrogates are escaped, NaN and infinity are written as Python does."""
    return json.dumps(value).encode()


def routes(document: Json) -> list[Route]:
    """Return every operation of an OpenAPI document that ends; a stream does not."""
    found: list[Route] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = tuple(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = example(document, content["schema"]) if content else None
            found.append(Route(method.upper(), path, names, body))
    return found


def example(document: Json, schema: Json) -> Any:
    """Return a plausible value of a schema: its example, or every property."""
    if "$ref" in schema:
        return example(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return example(document, schema[alternatives][0])
    if "examples" in schema:
        return schema["examples"][0]
    if "properties" in schema:
        return {name: example(document, each) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example(document, schema["items"])] if "items" in schema else []
    return schema.get("default", schema.get("const", _BY_TYPE.get(schema.get("type", ""))))


_BY_TYPE: Json = {"string": "web-1", "integer": 1, "number": 1.0, "boolean": False, "object": {}}


@st.composite
def paths(draw: st.DrawFn, route: Route) -> str:
    """Draw a path of a route with odd names, percent-encoded."""
    parts = route.path.split("/")
    return "/".join(quote(draw(names), safe="") if part.startswith("{") else part for part in parts)


@st.composite
def reads(draw: st.DrawFn, route: Route) -> Call:
    """Draw a read with odd values for one or two of its parameters."""
    given = draw(st.lists(st.sampled_from(route.query), max_size=2)) if route.query else []
    query = "&".join(f"{quote(name)}={quote(draw(parameter(name)), safe='')}" for name in given)
    raw = draw(st.none() | st.binary(max_size=8))
    if raw is not None and given:
        query += quote_from_bytes(raw)
    return Call("GET", draw(paths(route)), query)


def parameter(name: str) -> st.SearchStrategy[str]:
    """Return odd values for a parameter."""
    if name in {"as_of", "from", "to", "ended_since"}:
        return odd_moment
    return cursors if name == "cursor" else odd_text


@st.composite
def changes(draw: st.DrawFn, route: Route) -> Call:
    """Draw a change whose body has odd values, wrong types, or is no JSON at all."""
    body = draw(st.sampled_from(RAW_JSON)) if draw(st.integers(0, 3)) == 0 else dumped(draw(bodies(route)))
    return Call(
        route.method, draw(paths(route)), headers=((b"content-type", b"application/json"),), body=body
    )


@st.composite
def bodies(draw: st.DrawFn, route: Route) -> Any:
    """Draw a plausible body of a route in which one value, at any depth, was replaced."""
    body = deepcopy(route.body)
    if not isinstance(body, dict) or not body or draw(st.integers(0, 4)) == 0:
        return draw(json_value)
    at: Any = body
    while True:
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if isinstance(at[key], dict | list) and at[key] and draw(st.booleans()):
            at = at[key]
            continue
        at[key] = draw(json_value)
        return body


odd_headers = st.lists(
    st.tuples(st.sampled_from(HEADERS).map(str.encode), header_value),
    min_size=1,
    max_size=3,
    unique_by=itemgetter(0),
).map(tuple)
