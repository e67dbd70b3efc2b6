"""The desired estate of an undo: the current one, with what a request changed as it was before.

For every field there are three values: before the request, after it, and now. A field that the request did not change
stays as it is now. One that only the request changed gets its value of before. One that was changed again later is a
conflict: it is left alone, unless the undo is forced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.plan.estate import Estate, Key, Resource
from domain.plan.options import Conflict


@dataclass(frozen=True, slots=True)
class Undo:
    """What an undo leads to."""

    desired: Estate
    """The current estate, with what is undone."""
    scope: frozenset[Key]
    """What it may touch: what the request changed."""
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands for a value that is not there."""


ABSENT = Absent()


def undo(before: Estate, after: Estate, now: Estate, *, is_forced: bool = False) -> Undo:
    """Return what undoes the difference between the estates before and after a request."""
    changed = [
        key
        for key in sorted(before.keys() | after.keys())
        if key not in before or key not in after or _differ(before[key], after[key])
    ]
    desired = dict(now)
    conflicts: list[Conflict] = []
    for key in changed:
        merged = _Merge(key, is_forced=is_forced)
        wanted = merged.resource(before.get(key), after.get(key), now.get(key))
        conflicts += merged.conflicts
        if wanted is None:
            desired.pop(key, None)
        else:
            desired[key] = wanted
    return Undo(desired, frozenset(changed), tuple(conflicts))


class _Merge:
    """Merges what a resource was before a request, after it, and is now."""

    def __init__(self, key: Key, *, is_forced: bool) -> None:
        self.conflicts: list[Conflict] = []
        self._key = key
        self._is_forced = is_forced

    def resource(
        self, before: Resource | None, after: Resource | None, now: Resource | None
    ) -> Resource | None:
        """Return what the resource should be; None for one that should not be there."""
        if before is not None and after is not None and now is not None:
            return self._fields(before, after, now)
        if (now is None and after is None) or not _differ(now, after):
            return before
        if not _differ(now, before):
            return now
        return self._decided("existence", before, now)

    def _fields(self, before: Resource, after: Resource, now: Resource) -> Resource:
        spec = self._value("", dict(before.spec), dict(after.spec), dict(now.spec))
        tags = self._value("tags", dict(before.tags), dict(after.tags), dict(now.tags))
        running = self._value("running", before.running, after.running, now.running)
        is_replaced = _id(before) != _id(after) and _id(now) == _id(after)
        identity = before.identity if is_replaced or _id(before) == _id(now) else now.identity
        return Resource(before.kind, before.name, spec, tags, running, identity)

    def _value(self, path: str, before: Any, after: Any, now: Any) -> Any:
        if before == after:
            return now
        if now in (after, before):
            return before
        if isinstance(before, Mapping) and isinstance(after, Mapping) and isinstance(now, Mapping):
            return self._members(path, before, after, now)
        return self._decided(path, before, now)

    def _members(
        self, path: str, before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for name in {**now, **after, **before}:
            where = f"{path}.{name}" if path else name
            value = self._value(
                where, before.get(name, ABSENT), after.get(name, ABSENT), now.get(name, ABSENT)
            )
            if value is not ABSENT:
                merged[name] = value
        return merged

    def _decided(self, path: str, before: Any, now: Any) -> Any:
        """Return the value of before when the undo is forced, else note a conflict and leave the current one."""
        if self._is_forced:
            return before
        self.conflicts.append(Conflict(self._key, path, _shown(before), _shown(now)))
        return now


def _differ(one: Resource | None, other: Resource | None) -> bool:
    if one is None or other is None:
        return one is not other
    values = ((each.spec, each.tags, each.running, _id(each)) for each in (one, other))
    return next(values) != next(values)


def _id(resource: Resource) -> str | None:
    return resource.identity and resource.identity.id


def _shown(value: Any) -> Any:
    """Return a value as a plan shows it."""
    if isinstance(value, Resource):
        return {**value.spec, "tags": dict(value.tags)}
    return None if value is ABSENT else value
