"""A hash chain of JSON lines: each contains the SHA-256 of the previous line and of itself.

A byte that is changed, removed, added or swapped is detected, and the error names the line.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import IO, Any

import orjson

from domain.errors import PortError

_FIRST = b"0" * 64
_SEAL = re.compile(rb',"hash":"([0-9a-f]{64})"\}\n\Z')


class BundleDamaged(PortError):
    """The bundle is not as it was written."""


class ChainWriter:
    """Writes records, one per line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = _FIRST

    def write(self, record: dict[str, Any]) -> None:
        """Write one record, an object with at least one field."""
        body = orjson.dumps(record)
        self._hash = _seal(self._hash, body)
        self._file.write(body[:-1] + b',"hash":"%s"}\n' % self._hash)


def read_chain(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line and its record. Raises BundleDamaged at the first damaged line."""
    before, where = _FIRST, "before the first event"
    for number, line in enumerate(file, 1):
        match = _SEAL.search(line)
        body = line[: match.start()] + b"}" if match else b""
        if match is None or match[1] != _seal(before, body):
            what = "is cut off" if not line.endswith(b"\n") else "is not as it was written"
            raise BundleDamaged(f"cannot trust the bundle: line {number} ({where}) {what}")
        before = match[1]
        record = orjson.loads(body)
        where = f"after position {record['position']}" if "position" in record else where
        yield number, record


def _seal(before: bytes, body: bytes) -> bytes:
    return hashlib.sha256(before + body).hexdigest().encode()
