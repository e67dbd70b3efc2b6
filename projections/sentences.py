"""What an event says, in words: ``launched from nginx:1.27 as micro``.

A capability registers a template per event; ``{field}`` stands for a field of the event.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from domain.aggregate import Aggregate
from domain.managed import Managed

_templates: dict[str, str] = {}
_LIFE = {
    "became_available": "became available",
    "failed": "could not be brought in line: {reason}",
    "tags_changed": "tagged {tags}",
    "delete_requested": "asked to be deleted",
    "deleted": "deleted",
}


def sentences(kind: type[Aggregate], templates: Mapping[str, str]) -> None:
    """Register the words of a kind's events, besides those of what is created and deleted.

    Raises ValueError for a field that the event does not have.
    """
    life = _LIFE if issubclass(kind, Managed) else {}
    for name, template in {**life, **templates}.items():
        event_type = f"{kind.KIND}.{name}"
        known = set(Aggregate.events[event_type].__dataclass_fields__)
        used = {field for _, field, _, _ in Formatter().parse(template) if field}
        if not used <= known:
            raise ValueError(f"{event_type} has no {', '.join(used - known)}")
        _templates[event_type] = template


def registered() -> set[str]:
    """Return the types of events that have words of their own."""
    return set(_templates)


def describe(event_type: str, payload: Mapping[str, Any]) -> str:
    """Return what the event says of its resource, without who and when."""
    template = _templates.get(event_type, event_type.partition(".")[2].replace("_", " "))
    if payload.get("reason") is None:
        template = template.removesuffix(": {reason}")
    return template.format_map(_Shown(payload))


class _Shown(dict[str, Any]):
    def __getitem__(self, field: str) -> Any:
        value = self.get(field)
        if isinstance(value, dict):
            found: Mapping[str, Any] = value
            return ", ".join(f"{key}={text}" for key, text in found.items()) or "none"
        if isinstance(value, list):
            listed: list[Any] = value
            return ", ".join(map(str, listed)) or "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if field.endswith("_at") and isinstance(value, str):
            return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        return "unknown" if value is None else value
