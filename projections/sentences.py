"""What an event says, in words: ``launch requested (nginx:1.27, micro)``.

A capability registers a template per event; ``{field}`` stands for a field of the event. The sentence follows the name
of the resource: state what happened, in the words of the command or of the field that changed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from domain.aggregate import Aggregate
from domain.managed import Managed


@dataclass(frozen=True, slots=True)
class Choice:
    """Two templates: one for a field that is set, one for a field that is null, false or empty."""

    field: str
    is_set: str
    is_unset: str


@dataclass(frozen=True, slots=True)
class Worded:
    """A template with one field that a function puts into words."""

    field: str
    template: str
    words: Callable[[Any], str]


Template = str | Choice | Worded
_templates: dict[str, Template] = {}
_LAST_FIELD = re.compile(r": \{(\w+)\}$")
"""What follows a colon at the end of a template, which is left out when there is nothing to say."""
_LIFE = {
    "became_available": "became available",
    "image_awaited": "waiting: {reason}",
    "failed": "failed: {reason}",
    "tags_changed": "tags changed to {tags}",
    "delete_requested": "deletion requested",
    "deleted": "deleted",
}


def when(field: str, is_set: str, is_unset: str) -> Choice:
    """Return the templates for an event whose field is set, or is not."""
    return Choice(field, is_set, is_unset)


def sentences(kind: type[Aggregate], templates: Mapping[str, Template]) -> None:
    """Register the words of a kind's events, besides those of what is created and deleted.

    Raises ValueError for a field that the event does not have.
    """
    life = _LIFE if issubclass(kind, Managed) else {}
    for name, template in {**life, **templates}.items():
        event_type = f"{kind.KIND}.{name}"
        known = set(Aggregate.events[event_type].__dataclass_fields__)
        used = _fields(template)
        if not used <= known:
            raise ValueError(f"{event_type} has no {', '.join(used - known)}")
        _templates[event_type] = template


def registered() -> set[str]:
    """Return the types of events that have words of their own."""
    return set(_templates)


def describe(event_type: str, payload: Mapping[str, Any]) -> str:
    """Return what the event says of its resource, without who and when."""
    template = _templates.get(event_type, event_type.partition(".")[2].replace("_", " "))
    if isinstance(template, Worded):
        payload = {**payload, template.field: template.words(payload[template.field])}
        template = template.template
    if isinstance(template, Choice):
        template = template.is_set if _is_set(payload.get(template.field)) else template.is_unset
    last = _LAST_FIELD.search(template)
    if last is not None and not _is_set(payload.get(last[1])):
        template = template[: last.start()]
    return template.format_map(_Shown(payload))


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", {}, [])


def _fields(template: Template) -> set[str]:
    if isinstance(template, Choice):
        return {template.field} | _fields(template.is_set) | _fields(template.is_unset)
    text = template.template if isinstance(template, Worded) else template
    return {field for _, field, _, _ in Formatter().parse(text) if field}


def _listed(given: Mapping[str, Any]) -> str:
    """Return what is set, as ``key=value, other.key=value``."""
    parts: list[str] = []
    for key, value in given.items():
        if isinstance(value, Mapping):
            inside: Mapping[str, Any] = {f"{key}.{name}": each for name, each in value.items()}
            parts += [_listed(inside)] if inside else []
        elif value is not None:
            parts.append(f"{key}={value}")
    return ", ".join(parts)


def _named(entry: Any) -> str:
    """Return an entry of a list as a sentence shows it: a reference to a resource by its name."""
    if isinstance(entry, Mapping) and "name" in entry:
        reference: Mapping[str, Any] = entry
        return str(reference["name"])
    return str(entry)


class _Shown(dict[str, Any]):
    def __getitem__(self, field: str) -> Any:
        value = self.get(field)
        if isinstance(value, dict):
            found: Mapping[str, Any] = value
            return _listed(found) or "none"
        if isinstance(value, list):
            listed: list[Any] = value
            return ", ".join(map(_named, listed)) or "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if field.endswith("_at") and isinstance(value, str):
            return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        return "unknown" if value is None else value
