"""What the operations of AWS take and answer, from the data files of botocore.

Only its data is used: importing its code would take 150 ms and 18 MB. A model is loaded at the first request to its
service, and holds only the operations that are offered.
"""

import gzip
from collections.abc import Collection, Iterator
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

Values = dict[str, Any]
"""Arguments or results of an operation, by the names of its shapes."""
_Raw = dict[str, Any]
_UNUSED = ("documentation", "pattern", "enum")


class Shape:
    """A shape where it is used: its kind, and its names on the wire."""

    def __init__(self, shapes: _Raw, used: _Raw) -> None:
        raw: _Raw = {**shapes[used["shape"]], **used}
        self._shapes = shapes
        self._raw = raw
        self.kind: str = raw["type"]
        self.wire_name: str | None = raw.get("locationName")
        self.query_name: str | None = raw.get("queryName")
        self.is_flat: bool = raw.get("flattened", False)
        self.wrapper: str | None = raw.get("resultWrapper")
        self.required: list[str] = raw.get("required", [])

    @cached_property
    def members(self) -> dict[str, "Shape"]:
        """The members of a structure."""
        return {name: Shape(self._shapes, used) for name, used in self._raw.get("members", {}).items()}

    @cached_property
    def item(self) -> "Shape":
        """What a list holds."""
        return Shape(self._shapes, self._raw["member"])

    @cached_property
    def key(self) -> "Shape":
        """The keys of a map."""
        return Shape(self._shapes, self._raw["key"])

    @cached_property
    def value(self) -> "Shape":
        """The values of a map."""
        return Shape(self._shapes, self._raw["value"])


class Operation:
    """An operation: the shapes that it takes and answers."""

    def __init__(self, name: str, shapes: _Raw, raw: _Raw) -> None:
        self.name = name
        self.input = Shape(shapes, raw["input"]) if "input" in raw else None
        self.output = Shape(shapes, raw["output"]) if "output" in raw else None


class Model:
    """A service, with some of its operations."""

    def __init__(self, raw: _Raw, offered: Collection[str] | None) -> None:
        metadata: _Raw = raw["metadata"]
        self.protocol: str = metadata["protocol"]
        self.json_version: str = metadata.get("jsonVersion", "1.1")
        default = f"http://{metadata['endpointPrefix']}.amazonaws.com/doc/{metadata['apiVersion']}/"
        self.namespace: str = metadata.get("xmlNamespace") or default
        shapes = raw["shapes"]
        names = raw["operations"].keys() if offered is None else offered
        chosen = {name: raw["operations"][name] for name in names}
        kept = shapes if offered is None else _reachable(shapes, chosen.values())
        self.operations = {name: Operation(name, kept, operation) for name, operation in chosen.items()}


@cache
def model(service: str, offered: frozenset[str] | None = None) -> Model:
    """Return the newest model of a service, e.g. ``elbv2``; with all operations when none are named."""
    newest = max((_data() / service).glob("*/service-2.json.gz"))
    return Model(orjson.loads(gzip.decompress(newest.read_bytes())), offered)


def _data() -> Path:
    found = find_spec("botocore")
    if found is None or not found.submodule_search_locations:
        message = "cannot find botocore, which describes the services of AWS; run `scripts/setup`"
        raise ModuleNotFoundError(message)
    return Path(found.submodule_search_locations[0]) / "data"


def _reachable(shapes: _Raw, operations: Collection[_Raw]) -> _Raw:
    """Return the shapes that operations use, without what only people read."""
    waiting = [each[side]["shape"] for each in operations for side in ("input", "output") if side in each]
    kept: _Raw = {}
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = {key: value for key, value in shapes[name].items() if key not in _UNUSED}
            waiting += _uses(shapes[name])
            if "members" in kept[name]:
                kept[name]["members"] = {n: _bare(used) for n, used in kept[name]["members"].items()}
    return kept


def _bare(used: _Raw) -> _Raw:
    return {key: value for key, value in used.items() if key not in _UNUSED}


def _uses(shape: _Raw) -> Iterator[str]:
    yield from (used["shape"] for used in shape.get("members", {}).values())
    yield from (shape[part]["shape"] for part in ("member", "key", "value") if part in shape)
