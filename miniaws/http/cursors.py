"""Cursors: where a page ended, and the query that it belongs to."""

import base64

import orjson

from miniaws.http.errors import Problem

_MOST = 2**62


def close_cursor(digest: str, *parts: int | str) -> str:
    """Return a cursor that only the query of the digest can use."""
    return base64.urlsafe_b64encode(orjson.dumps([digest, *parts])).decode()


def open_cursor(cursor: str, digest: str, *types: type[int] | type[str]) -> list[int | str]:
    """Return the parts of a cursor, which have these types. Raises Problem.

    Numbers are positions: from 0 to 2^62.
    """
    try:
        found: object = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise invalid_cursor()
    made_for, *parts = found or [None]
    if made_for != digest or [type(part) for part in parts] != [*types] or not all(map(_is_sound, parts)):
        raise invalid_cursor()
    return parts


def invalid_cursor() -> Problem:
    """Return the one answer to everything that can be wrong with a cursor."""
    return Problem(
        422,
        "invalid_cursor",
        "cannot use the cursor: it belongs to another query; start without one",
        field="cursor",
    )


def _is_sound(part: int | str) -> bool:
    return "\0" not in part if isinstance(part, str) else 0 <= part < _MOST
