"""Sizes and durations as Compose writes them."""

import re
from math import ceil

_UNITS_MB = {"b": 1 / 2**20, "k": 1 / 2**10, "kb": 1 / 2**10, "m": 1, "mb": 1, "g": 2**10, "gb": 2**10}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")


def megabytes(text: str) -> int:
    """Return a size such as ``512m`` in MiB. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS_MB.get(match[2].lower() or "b") if match else None
    if match is None or unit is None:
        raise ValueError(f"{text!r} is no size such as 512m")
    return ceil(float(match[1]) * unit)


def seconds(text: str) -> int:
    """Return a duration such as ``1m30s`` in seconds. Raises ValueError."""
    parts = _PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"{text!r} is no duration such as 1m30s")
    return ceil(sum(float(number) * _UNITS_S[unit] for number, unit in parts))


def cores(text: str) -> float:
    """Return a number of cores. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of cores") from None
