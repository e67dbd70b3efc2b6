"""Requests and answers of the protocol `json`."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from miniaws.aws.protocol import scalars
from miniaws.aws.protocol.models import Model, Operation, Shape, Values
from miniaws.aws.protocol.rendered import Failure, Malformed, Rendered

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}


def read(shape: Shape | None, body: bytes) -> Values:
    """Return the arguments. Raises Malformed, also for a member that the shape does not have."""
    try:
        given: Any = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise _unreadable("the body is no JSON") from None
    if shape is None:
        return {}
    return _read(shape, given, "")


def render(model: Model, operation: Operation, result: Values) -> Rendered:
    """Return the answer to a request that succeeded."""
    body = {} if operation.output is None else _written(operation.output, result)
    return Rendered(200, f"application/x-amz-json-{model.json_version}", orjson.dumps(body))


def render_failure(failure: Failure) -> Rendered:
    """Return the answer to a request that was refused."""
    body = orjson.dumps({"__type": failure.code, "message": failure.message})
    return Rendered(failure.status, "application/x-amz-json-1.1", body, {"x-amzn-errortype": failure.code})


def _read(shape: Shape, given: Any, path: str) -> Any:
    wanted = _TYPES[shape.kind]
    if not isinstance(given, wanted) or (isinstance(given, bool) and bool not in wanted):
        raise _unreadable(f"{path or 'the body'} must be of type {shape.kind}")
    read = _READ.get(shape.kind)
    return given if read is None else read(shape, given, path)


def _structure(shape: Shape, given: Values, path: str) -> Values:
    names = {member.wire_name or name: name for name, member in shape.members.items()}
    read: Values = {}
    for key, value in given.items():
        where = f"{path}.{key}" if path else key
        if key not in names:
            raise Malformed("ValidationException", f"The parameter {where} is not recognized")
        if value is not None:
            read[names[key]] = _read(shape.members[names[key]], value, where)
    return read


def _map(shape: Shape, given: Values, path: str) -> Values:
    return {name: _read(shape.value, each, f"{path}.{name}") for name, each in given.items()}


def _list(shape: Shape, given: list[Any], path: str) -> list[Any]:
    return [_read(shape.item, each, f"{path}.{number}") for number, each in enumerate(given)]


def _converted(shape: Shape, given: Any, path: str) -> Any:
    try:
        return scalars.instant(given) if shape.kind == "timestamp" else b64decode(given, validate=True)
    except (ValueError, OverflowError, OSError):
        raise _unreadable(f"{path} must be of type {shape.kind}") from None


_READ: dict[str, Callable[[Shape, Any, str], Any]] = {
    "structure": _structure,
    "map": _map,
    "list": _list,
    "timestamp": _converted,
    "blob": _converted,
}


def _unreadable(why: str) -> Malformed:
    return Malformed("SerializationException", f"The request cannot be read: {why}")


def _written(shape: Shape, value: Any) -> Any:
    match shape.kind:
        case "structure":
            return {
                member.wire_name or name: _written(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [_written(shape.item, each) for each in value]
        case "map":
            return {name: _written(shape.value, each) for name, each in value.items()}
        case "timestamp":
            return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp()
        case "blob":
            return b64encode(value).decode()
        case _:
            return value
