"""Rate limits in a small file that all API processes of a host share.

The entry of a key is one number, the theoretical arrival time of the generic cell rate algorithm (GCRA): the time at
which its bucket is full again. The file has a fixed size. A key can be in one of eight slots that its digest selects;
a new key replaces the slot whose bucket is full, or will be full first, so that the least is lost.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from domain.system import Allowance, Rate

_PLACE = struct.Struct("<16sd")
_WAYS = 8
_SETS = 1024
_SET_BYTES = _WAYS * _PLACE.size
_SET = struct.Struct("<" + "16sd" * _WAYS)
_SLACK = 1e-6
"""Tolerance for rounding, as a fraction of a token."""


class RateTable:
    """Holds up to 8,192 keys. ``monotonic`` is a clock that all processes share."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _SETS * _SET_BYTES)
        self._table = mmap.mmap(self._file, _SETS * _SET_BYTES)

    def close(self) -> None:
        """Close the file."""
        self._table.close()
        os.close(self._file)

    def take(self, key: str, rate: Rate, tokens: int = 1) -> Allowance:
        """Take tokens from the bucket of a key, or none if it has too few; see ``domain.system.Rates``."""
        digest = blake2b(key.encode(), digest_size=16).digest()
        offset = int.from_bytes(digest[:4]) % _SETS * _SET_BYTES
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            return self._take(digest, offset, rate, tokens)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _take(self, digest: bytes, offset: int, rate: Rate, tokens: int) -> Allowance:
        places = _SET.unpack_from(self._table, offset)
        digests, full_at = places[::2], places[1::2]
        now, most_s = self._now(), rate.burst / rate.per_s
        is_known = digest in digests
        way = digests.index(digest) if is_known else full_at.index(min(full_at))
        # A time later than any bucket can be full is from before the last boot.
        full = full_at[way] if is_known and now < full_at[way] <= now + most_s + 1 else now
        wanted = full + max(tokens, 1) / rate.per_s
        wait_s = wanted - now - most_s - _SLACK / rate.per_s
        if wait_s <= 0 and tokens:
            full = wanted
            _PLACE.pack_into(self._table, offset + way * _PLACE.size, digest, full)
        remaining = int((most_s - full + now) * rate.per_s + _SLACK)
        return Allowance(max(remaining, 0), max(wait_s, 0.0), full - now)
