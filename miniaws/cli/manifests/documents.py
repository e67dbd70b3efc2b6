"""The documents of a YAML text, with the line of every value.

Only what JSON has is read: no dates, no types of Python. Aliases are resolved, up to a limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MOST_VALUES = 200_000
"""In one file, after aliases are resolved."""
_DEEPEST = 50
_SCALARS = {"null", "bool", "int", "float", "str"}
_TAG = "tag:yaml.org,2002:"


class NotReadable(Exception):
    """The text is no manifest; ``line`` says where, counted from 1."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """A document, and where each value of it is."""

    content: dict[str, Any]
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of a value; of one that is missing, the line of what should contain it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def documents(text: str) -> Iterator[Document]:
    """Yield the documents of a text, empty ones left out. Raises NotReadable."""
    reader = _Reader()
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            # `cloud export -o json` prints one list of documents.
            listed = node.value if isinstance(node, yaml.SequenceNode) else [node]
            for each in listed:
                lines: dict[Path, int] = {}
                content = reader.value(each, (), lines)
                if isinstance(content, dict):
                    yield Document(content, lines)
                elif content is not None:
                    raise NotReadable("a document must be a mapping with `kind` and `name`", _line(each))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotReadable(f"it is not valid YAML: {error.problem}", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise NotReadable(f"it is not valid YAML: {error}", 1) from None
    except RecursionError:
        raise NotReadable("it is nested too deeply", 1) from None


@dataclass
class _Reader:
    """Turns nodes into values, and counts them."""

    constructor: yaml.constructor.SafeConstructor = field(default_factory=yaml.constructor.SafeConstructor)
    count: int = 0

    def value(self, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
        """Return the value of a node, and add its lines."""
        self.count += 1
        if self.count > MOST_VALUES or len(path) > _DEEPEST:
            raise NotReadable("it is too large or nested too deeply", _line(node))
        lines[path] = _line(node)
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path, lines))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, index), lines) for index, each in enumerate(node.value)]
        return self._scalar(node)

    def _entries(
        self, node: yaml.MappingNode, path: Path, lines: dict[Path, int]
    ) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value
            if not isinstance(key, yaml.ScalarNode) or name == "<<":
                raise NotReadable("a key must be plain text; merge keys (`<<`) are not supported", _line(key))
            if name in seen:
                raise NotReadable(f"`{name}` is given twice", _line(key))
            seen.add(name)
            read = self.value(value, (*path, name), lines)
            # The line of the key is where people look for a field.
            lines[*path, name] = _line(key)
            yield name, read

    def _scalar(self, node: yaml.Node) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind == "timestamp":
            return node.value
        if kind not in _SCALARS:
            raise NotReadable(f"the type `{node.tag}` is not supported", _line(node))
        try:
            return self.constructor.construct_object(node)
        except ValueError:
            raise NotReadable("the value cannot be read; put it in quotes", _line(node)) from None


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
