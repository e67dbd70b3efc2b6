"""Single values in texts of a request."""

from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from domain import moments
from miniaws.aws.protocol.rendered import wrong_value

_BOOLEANS = {"true": True, "false": False}


def parse(kind: str, text: str, path: str) -> Any:
    """Return the value of a text. Raises Malformed, naming the parameter."""
    convert = _CONVERT.get(kind)
    if convert is None:
        return text
    try:
        return convert(text)
    except (ValueError, KeyError, Error, OverflowError):
        raise wrong_value(path, text, kind) from None


def instant(value: Any) -> datetime:
    """Return an instant in UTC, given as RFC 3339 or in seconds since 1970. Raises ValueError."""
    if isinstance(value, str) and (found := moments.instant(value)) is not None:
        return found
    return datetime.fromtimestamp(float(value), UTC)


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError(text)
    return int(text)


_CONVERT: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: _BOOLEANS[text.lower()],
    "integer": _whole,
    "long": _whole,
    "float": float,
    "double": float,
    "timestamp": instant,
    "blob": lambda text: b64decode(text, validate=True),
}
