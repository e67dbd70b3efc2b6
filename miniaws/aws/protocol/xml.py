"""Answers of the protocols `query` and `ec2`."""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from miniaws.aws.protocol.models import Model, Operation, Shape, Values
from miniaws.aws.protocol.rendered import Failure, Rendered

_XML = "text/xml;charset=UTF-8"
_SPECIAL = re.compile(r"[&<>\r]")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document can hold."""


def render(model: Model, operation: Operation, result: Values, request_id: str) -> Rendered:
    """Return the answer to a request that succeeded."""
    is_ec2 = model.protocol == "ec2"
    parts = [f'<{operation.name}Response xmlns="{model.namespace}">']
    if is_ec2:
        parts.append(f"<requestId>{text_of(request_id)}</requestId>")
    if operation.output is not None:
        wrapper = operation.output.wrapper
        parts += [f"<{wrapper}>"] if wrapper else []
        _members(parts, operation.output, result)
        parts += [f"</{wrapper}>"] if wrapper else []
    if not is_ec2:
        parts.append(f"<ResponseMetadata><RequestId>{text_of(request_id)}</RequestId></ResponseMetadata>")
    parts.append(f"</{operation.name}Response>")
    return Rendered(200, _XML, "".join(parts).encode())


def render_failure(failure: Failure, request_id: str, *, is_ec2: bool) -> Rendered:
    """Return the answer to a request that was refused."""
    code, message, id_ = text_of(failure.code), text_of(failure.message), text_of(request_id)
    if is_ec2:
        error = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        body = f"<Response>{error}<RequestID>{id_}</RequestID></Response>"
    else:
        blame = "Sender" if failure.status < 500 else "Receiver"
        error = f"<Error><Type>{blame}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>{id_}</RequestId></ErrorResponse>"
    return Rendered(failure.status, _XML, body.encode())


def text_of(text: str) -> str:
    """Return a text as XML can hold it."""
    text = _SPECIAL.sub(lambda found: _ESCAPED[found[0]], text)
    return _IMPOSSIBLE.sub("\ufffd", text)


def instant(value: datetime | str) -> str:
    """Return an instant as AWS writes it: UTC, with milliseconds."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _members(parts: list[str], shape: Shape, values: Values) -> None:
    for name, member in shape.members.items():
        value = values.get(name)
        if value is not None:
            _element(parts, member, value, member.wire_name or name)


def _element(parts: list[str], shape: Shape, value: Any, tag: str) -> None:
    match shape.kind:
        case "structure":
            parts.append(f"<{tag}>")
            _members(parts, shape, value)
            parts.append(f"</{tag}>")
        case "list":
            _items(parts, shape, value, tag)
        case "map":
            _entries(parts, shape, value, tag)
        case kind:
            parts.append(f"<{tag}>{_SCALAR.get(kind, _plain)(value)}</{tag}>")


def _items(parts: list[str], shape: Shape, value: list[Any], tag: str) -> None:
    if shape.is_flat:
        for each in value:
            _element(parts, shape.item, each, shape.item.wire_name or tag)
        return
    inner = shape.item.wire_name or "member"
    parts.append(f"<{tag}>")
    for each in value:
        _element(parts, shape.item, each, inner)
    parts.append(f"</{tag}>")


def _entries(parts: list[str], shape: Shape, value: Values, tag: str) -> None:
    outer, entry = ("", tag) if shape.is_flat else (tag, "entry")
    parts += [f"<{outer}>"] if outer else []
    for name, each in value.items():
        parts.append(f"<{entry}>")
        _element(parts, shape.key, name, shape.key.wire_name or "key")
        _element(parts, shape.value, each, shape.value.wire_name or "value")
        parts.append(f"</{entry}>")
    parts += [f"</{outer}>"] if outer else []


def _plain(value: Any) -> str:
    return text_of(str(value))


_SCALAR: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "integer": str,
    "long": str,
    "timestamp": instant,
    "blob": lambda value: b64encode(value).decode(),
}
