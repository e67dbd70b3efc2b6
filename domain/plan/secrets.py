"""Secret values in the specs of an estate: only their names are known, never the values."""

from collections.abc import Iterable, Mapping
from typing import Any

USE_PREVIOUS_VALUE: Mapping[str, Any] = {"use_previous_value": True}
"""Stands for a secret value that stays as it is, as in CloudFormation."""


def unchanged(names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the secrets of these names, each with the value that it has."""
    return dict.fromkeys(names, USE_PREVIOUS_VALUE)


def is_unchanged(value: object) -> bool:
    """Return whether a value of a spec stands for the value that there is."""
    return value == USE_PREVIOUS_VALUE


def holds_secrets(spec: object) -> bool:
    """Return whether a spec has values that only another resource knows."""
    if isinstance(spec, Mapping):
        values: Iterable[object] = spec.values()
        return is_unchanged(spec) or any(holds_secrets(value) for value in values)
    return False
