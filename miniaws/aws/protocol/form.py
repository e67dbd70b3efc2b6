"""Requests of the protocols `query` and `ec2`: fields such as ``Filter.1.Value.2=web``, read along a shape."""

from typing import Any

from miniaws.aws.protocol import scalars
from miniaws.aws.protocol.models import Shape, Values
from miniaws.aws.protocol.rendered import Malformed, unknown_parameter, wrong_value

_DEEPEST = 24
"""Parts of a field's name; the deepest shape of EC2 takes 12."""
_Node = dict[str, Any]


def read(shape: Shape | None, fields: dict[str, str], *, is_ec2: bool) -> Values:
    """Return the arguments. Raises Malformed, also for a field that the shape does not have."""
    tree = _tree(fields)
    if shape is None:
        if tree:
            raise unknown_parameter(next(iter(tree)))
        return {}
    return _Reader(is_ec2=is_ec2).structure(shape, tree, "")


def _tree(fields: dict[str, str]) -> _Node:
    root: _Node = {}
    for name, text in fields.items():
        *parents, last = name.split(".")
        if len(parents) >= _DEEPEST:
            raise Malformed("MalformedQueryString", f"The parameter {name[:80]} has too many parts")
        node = root
        for part in parents:
            inner: Any = node.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = node[part] = {}
            node = inner
        node[last] = text
    return root


class _Reader:
    """Reads parts of the tree along shapes, with the names that one of the two protocols uses."""

    def __init__(self, *, is_ec2: bool) -> None:
        self._is_ec2 = is_ec2

    def structure(self, shape: Shape, node: Any, path: str) -> Values:
        """Return a structure. Raises Malformed."""
        if not isinstance(node, dict):
            raise wrong_value(path, str(node), "structure")
        members = {self._name(member, name): name for name, member in shape.members.items()}
        read: Values = {}
        for key, inner in node.items():
            where = f"{path}.{key}" if path else key
            if (name := members.get(key)) is None:
                raise unknown_parameter(where)
            read[name] = self._value(shape.members[name], inner, where)
        return read

    def _name(self, member: Shape, default: str) -> str:
        if self._is_ec2:
            name = member.wire_name or default
            return member.query_name or (name[0].upper() + name[1:])
        if member.kind == "list" and member.is_flat:
            return member.item.wire_name or member.wire_name or default
        return member.wire_name or default

    def _value(self, shape: Shape, node: Any, path: str) -> Any:
        match shape.kind:
            case "structure":
                return self.structure(shape, node, path)
            case "list":
                return self._list(shape, node, path)
            case "map":
                return self._map(shape, node, path)
            case kind:
                if not isinstance(node, str):
                    raise unknown_parameter(f"{path}.{next(iter(node))}")
                return scalars.parse(kind, node, path)

    def _list(self, shape: Shape, node: Any, path: str) -> list[Any]:
        if node == "":
            return []
        if not self._is_ec2 and not shape.is_flat:
            node, path = _inside(node, shape.item.wire_name or "member", path)
        return [self._value(shape.item, each, where) for where, each in _numbered(node, path)]

    def _map(self, shape: Shape, node: Any, path: str) -> Values:
        if node == "":
            return {}
        if not shape.is_flat:
            node, path = _inside(node, "entry", path)
        key, value = shape.key.wire_name or "key", shape.value.wire_name or "value"
        read: Values = {}
        for where, entry in _numbered(node, path):
            if not isinstance(entry, dict) or not {key} <= entry.keys() <= {key, value}:
                raise wrong_value(where, str(entry), "map entry")
            read[str(entry[key])] = self._value(shape.value, entry.get(value, ""), f"{where}.{value}")
        return read


def _inside(node: Any, name: str, path: str) -> tuple[Any, str]:
    """Return what is under the only name that may be there."""
    if not isinstance(node, dict):
        raise wrong_value(path, str(node), "list")
    if other := next((key for key in node if key != name), None):
        raise unknown_parameter(f"{path}.{other}")
    return node[name], f"{path}.{name}"


def _numbered(node: Any, path: str) -> list[tuple[str, Any]]:
    """Return the items by their numbers, which may have gaps."""
    if not isinstance(node, dict):
        raise wrong_value(path, str(node), "list")
    if other := next((key for key in node if not key.isascii() or not key.isdigit() or len(key) > 9), None):
        raise unknown_parameter(f"{path}.{other}")
    return [(f"{path}.{key}", node[key]) for key in sorted(node, key=int)]
