"""What is wrong with an input, in the words of the domain: what the field must be, and which value was given.

A text that was given is only repeated where one of some words was expected: elsewhere, it may be a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.values import shown

_RULES = {
    "extra_forbidden": "be left out: it is an unknown field; GET /openapi.json lists the fields",
    "finite_number": "be a finite number",
    "missing": "be given",
    "string_too_long": "have at most {max_length} characters",
    "string_too_short": "have at least {min_length} characters",
    "too_long": "have at most {max_length} entries",
    "too_short": "have at least {min_length} entries",
}
_COMPARED = {
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
}
_TYPES = {
    "bool": "true or false",
    "dict": "an object",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "an object",
    "string": "a text",
}
_ANOTHER_TYPE = re.compile(r"([a-z]+)_(type|parsing|parsing_size|from_float|attributes_type)")
_LONGEST_NUMBER = 20


def rule(error: Mapping[str, Any], limits: Sequence[float] | None = None) -> str:
    """Return what the field of an error of pydantic must be: ``must be from 1 to 65535, not 0``.

    ``limits`` are the least and the most that a number may be.
    """
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in _RULES:
        said = _RULES[kind].format(**context)
        return f"must {said.replace(' 1 entries', ' 1 entry').replace(' 1 characters', ' 1 character')}"
    if kind in _COMPARED:
        allowed = (
            _COMPARED[kind].format(**context) if limits is None else f"be from {limits[0]} to {limits[1]}"
        )
        return f"must {allowed}{_number(error.get('input'))}"
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        return _one_of(context, error.get("input"))
    other_type = _ANOTHER_TYPE.fullmatch(kind)
    if other_type is not None and other_type[1] in _TYPES:
        return f"must be {_TYPES[other_type[1]]}"
    # The library's own words say what is wrong, and never repeat the value that was sent.
    said = str(error["msg"]).removeprefix("Value error, ")
    return said if said.startswith("must ") else f"must be valid: {said[:1].lower()}{said[1:]}"


def limits(annotation: Any, path: Sequence[str | int]) -> tuple[float, float] | None:
    """Return the least and the most of the number at a path of an input, None when it does not have both."""
    found: FieldInfo | None = None
    for part in path:
        # What is no field is an index, a key, or the type of a body that is one of several.
        found = next(_fields(annotation, part), found)
        annotation = annotation if found is None else found.annotation
    return None if found is None else limits_of(found)


def limits_of(field: FieldInfo) -> tuple[float, float] | None:
    """Return the least and the most of a number, None when it does not have both."""
    least = [each.ge for each in field.metadata if hasattr(each, "ge")]
    most = [each.le for each in field.metadata if hasattr(each, "le")]
    return (least[0], most[0]) if least and most else None


def _one_of(context: Mapping[str, Any], given: Any) -> str:
    words = ", ".join(re.findall("'([^']*)'", str(context.get("expected", context.get("expected_tags")))))
    if "tag" in context:
        field = str(context["discriminator"]).strip("'")
        return f"must have a `{field}` that is one of {words}; not {shown(str(context['tag']))}"
    return f"must be one of {words}{f'; not {shown(given)}' if isinstance(given, str) else ''}"


def _number(given: Any) -> str:
    is_short = len(given) <= _LONGEST_NUMBER if isinstance(given, str) else abs(given) < 10**_LONGEST_NUMBER
    return f", not {given}" if is_short else ""


def _fields(annotation: Any, part: str | int) -> Iterator[FieldInfo]:
    """Yield the fields of a name of all models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                yield field
    for inside in get_args(annotation):
        yield from _fields(inside, part)
