"""A Compose file as values that know their lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from miniaws.cli.failures import USAGE, Failure

MOST_BYTES = 10_000_000
Content: TypeAlias = "str | list[Node] | dict[str, Node] | None"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its line. A scalar is the text as it is written, so that `22:22` and `no` stay what they are."""

    line: int
    content: Content

    @property
    def text(self) -> str | None:
        """The text of a scalar; None for null, a list or a mapping."""
        return self.content if isinstance(self.content, str) else None

    @property
    def mapping(self) -> dict[str, "Node"] | None:
        """The values of a mapping by key; null is an empty one. None for anything else."""
        return {} if self.content is None else self.content if isinstance(self.content, dict) else None

    @property
    def elements(self) -> list["Node"]:
        """The elements of a list; a single value is a list of one."""
        match self.content:
            case None:
                return []
            case list():
                return self.content
            case _:
                return [self]


def parse(text: str, file: str) -> Node:
    """Return the root of a file. Raises Failure with the line of what cannot be read."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        return Node(1, None) if root is None else _node(loader, root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Failure(f"cannot read {file}:{line}: {error.problem or error.context}", USAGE) from None
    except yaml.YAMLError as error:
        raise Failure(f"cannot read {file}: {error}", USAGE) from None
    except RecursionError:
        raise Failure(f"cannot read {file}: it is nested too deeply", USAGE) from None
    finally:
        loader.dispose()


def _node(loader: yaml.SafeLoader, node: yaml.Node) -> Node:
    return Node(node.start_mark.line + 1, _content(loader, node))


def _content(loader: yaml.SafeLoader, node: yaml.Node) -> Content:
    match node:
        case yaml.MappingNode():
            loader.flatten_mapping(node)  # what `<<` refers to
            return dict(_pairs(loader, node))
        case yaml.SequenceNode():
            return [_node(loader, each) for each in node.value]
        case _ if node.tag == "tag:yaml.org,2002:null":
            return None
        case _:
            return str(node.value)


def _pairs(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Iterator[tuple[str, Node]]:
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key.start_mark)
        # A key is where its value is missed: the line of a block that begins below it says less.
        yield str(key.value), Node(key.start_mark.line + 1, _content(loader, value))
