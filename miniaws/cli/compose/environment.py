"""Environment variables of a service: plain values, and references for what may be secret."""

from pathlib import Path
from typing import Any

from miniaws.cli.compose import variables
from miniaws.cli.compose.section import Section
from miniaws.cli.compose.source import Node
from miniaws.cli.compose.variables import Unresolved

Values = dict[str, Any]
"""A text, or ``{from_env: NAME}``, by the name of the variable."""


def environment(service: Section, folder: Path) -> Values:
    """Take the environment of a service.

    A value is written to the manifest only if it stands in the Compose file and does not look like a secret. Values of
    other files and of variables without a default become references, which `cloud apply` reads from its environment.
    """
    values: Values = {}
    for file in _files(service):
        values |= {name: _reference(name) for name in _names(service, folder, file)}
    for name, node in service.pairs("environment").items():
        values[name] = _value(service, name, node)
    return values


def _files(service: Section) -> list[Node]:
    found = service.take("env_file")
    return [] if found is None else found.elements


def _names(service: Section, folder: Path, file: Node) -> list[str]:
    path = file.text if file.text is not None else _path(file)
    if path is None or not (names := list(variables.read(folder / path))):
        service.lose("env_file", file, f"the file {path or ''} cannot be read, or has no variables")
        return []
    listed = ", ".join(names)
    service.say(
        "env_file", file, f"let `cloud apply` have the variables of {path} in its environment: {listed}"
    )
    return names


def _path(file: Node) -> str | None:
    entry = (file.mapping or {}).get("path")
    return None if entry is None else entry.text


def _value(service: Section, name: str, node: Node) -> Any:
    key = f"environment.{name}"
    if node.content is not None and node.text is None:
        service.lose(key, node, "it must be a text")
        return ""
    text = node.text
    if text is None or service.of.variables.needs_value(text) or _may_be_secret(name, text):
        return _by_reference(service, key, name, node)
    try:
        return service.of.variables.resolve(text)
    except Unresolved:
        return _by_reference(service, key, name, node)


def _may_be_secret(name: str, text: str) -> bool:
    return variables.looks_secret(name, text) or variables.mentions_secret(text)


def _by_reference(service: Section, key: str, name: str, node: Node) -> dict[str, str]:
    """Refer to the variable that the value consists of, or to one with the name of the value."""
    source = (variables.whole(node.text) if node.text else None) or name
    is_composed = node.text is not None and "$" in node.text and source == name
    value = "its complete value" if is_composed and variables.whole(node.text or "") is None else "its value"
    service.say(
        key, node, f"let `cloud apply` have {value} in the variable {source}; it is not in the manifest"
    )
    return _reference(source)


def _reference(source: str) -> dict[str, str]:
    return {"from_env": source}
