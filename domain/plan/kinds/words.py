"""How differences and resources are put into words."""

from collections.abc import Iterable, Sequence
from typing import Any

from domain.plan.estate import Key

Differences = dict[str, tuple[Any, Any]]
"""The fields that differ, with their current and desired values."""


def befores(found: Differences) -> dict[str, Any]:
    """Return the current values."""
    return {name: before for name, (before, _) in found.items()}


def afters(found: Differences) -> dict[str, Any]:
    """Return the desired values."""
    return {name: after for name, (_, after) in found.items()}


def listed(names: Iterable[str]) -> str:
    """Return names of fields as a list in a sentence; sorted, as a store does not keep the order of fields."""
    quoted = [f"`{name}`" for name in sorted(names)]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def noun(kind: str) -> str:
    """Return a kind as people say it."""
    return kind.replace("_", " ")


def named(key: Key) -> str:
    """Return a resource as people say it."""
    return f"{noun(key.kind)} {key.name}"


def using(users: Sequence[Key]) -> str:
    """Return who uses a resource, as the beginning of a sentence."""
    names = ", ".join(named(key) for key in users[:5])
    more = f" and {len(users) - 5} more" if len(users) > 5 else ""
    return f"{names}{more} {'uses' if len(users) == 1 else 'use'} it"


def duration(seconds: float) -> str:
    """Return a duration as people say it, in its largest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    amounts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{amount} {unit}" for amount, unit in amounts if amount][:2]
    return " ".join(shown) or "0 s"
