"""What is used while a resource is as its document says. A capability registers a pure function for its kind."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.aggregate import Aggregate
from projections.document import Document, is_trashed

Rule = Callable[[Any], Mapping[str, int]]
"""Returns what is used per unit of time, by measure: ``{"volume": 1, "volume_gb": 10}``; whole numbers only."""

_rules: dict[str, Rule] = {}


def metered(kind: type[Aggregate], rule: Rule) -> None:
    """Register what resources of a kind use."""
    _rules[kind.KIND] = rule


def kinds() -> list[str]:
    """Return the kinds whose use is metered."""
    return list(_rules)


def rates(document: Document) -> Mapping[str, int]:
    """Return what a resource uses while it is so. In the trash, every kind uses ``trash`` only."""
    if is_trashed(document):
        return {"trash": 1, "trash_gb": document["spec"].get("size_gb") or 0}
    return _rules[document["kind"]](document)


def size(document: Document) -> str | None:
    """Return the type or class of a resource, for kinds that have one."""
    spec: dict[str, Any] = document["spec"]
    return spec.get("type") or spec.get("class")
