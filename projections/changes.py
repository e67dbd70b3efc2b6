"""What differs between two documents, or two moments of the whole estate, field by field; pure.

A change is ``{"path": ["spec", "type"], "field": "spec.type", "before": …, "after": …}``; ``before`` is missing when
the field is new, ``after`` when it is gone. Lists are compared as a whole.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NotRequired

from typing_extensions import TypedDict

from projections.document import Document

BOOKKEEPING = {"version", "position", "updated_at"}
"""Fields that change with every event and say nothing by themselves."""

_MISSING = object()


class Change(TypedDict):
    """A difference between two documents."""

    path: list[str]
    field: str
    before: NotRequired[Any]
    after: NotRequired[Any]


def changes(before: Document, after: Document, *, bookkeeping: bool = False) -> list[Change]:
    """Return what differs, in the order of the fields."""
    found = _differences((), before, after)
    return [change for change in found if bookkeeping or change["path"][0] not in BOOKKEEPING]


def apply(document: Document, changed: list[Change]) -> Document:
    """Return the document after the changes, which must hold the bookkeeping too."""
    result = _copy(document)
    for change in changed:
        *parents, last = change["path"]
        target = result
        for parent in parents:
            target = target[parent]
        if "after" in change:
            target[last] = change["after"]
        else:
            del target[last]
    return result


def diff(before: Mapping[str, Document], after: Mapping[str, Document]) -> dict[str, Any]:
    """Return ``{"created", "deleted", "changed"}`` between two estates, each by resource id."""
    kept = [id_ for id_ in before if id_ in after]
    changed = {id_: changes(before[id_], after[id_], bookkeeping=True) for id_ in kept}
    return {
        "created": {id_: document for id_, document in after.items() if id_ not in before},
        "deleted": {id_: document for id_, document in before.items() if id_ not in after},
        "changed": {id_: found for id_, found in changed.items() if found},
    }


def patch(estate: Mapping[str, Document], difference: Mapping[str, Any]) -> dict[str, Document]:
    """Return the estate after a difference: ``patch(before, diff(before, after)) == after``."""
    kept = {id_: document for id_, document in estate.items() if id_ not in difference["deleted"]}
    changed = {id_: apply(kept[id_], found) for id_, found in difference["changed"].items()}
    return {**kept, **changed, **difference["created"]}


def _differences(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict) and (path == () or (before and after)):
        for key in [*after, *(key for key in before if key not in after)]:
            yield from _differences((*path, key), before.get(key, _MISSING), after.get(key, _MISSING))
    elif before is _MISSING or after is _MISSING or before != after:
        change: Change = {"path": list(path), "field": ".".join(path)}
        if before is not _MISSING:
            change["before"] = before
        if after is not _MISSING:
            change["after"] = after
        yield change


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return value
