"""Secrets of a manifest that are not in the file: they are read here, and sent only as values of the request."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, cast

from miniaws.cli.manifests.documents import Document, NotReadable, Path
from miniaws.environment import variable

_EVERY = "*"
_PLACES: Mapping[str, tuple[Path, ...]] = {
    "instance": (("spec", "env", _EVERY), ("spec", "user_data")),
    "scaling_group": (("spec", "template", "env", _EVERY),),
    "load_balancer": (("spec", "certificates", _EVERY, _EVERY),),
}
"""Where documents of a kind may refer to a secret."""
MOST_BYTES = 64 * 1024


def resolved(document: Document, directory: FilePath) -> dict[str, Any]:
    """Return a document with the values of ``from_env`` and ``from_file``. Raises NotReadable.

    Files are relative to the directory of the manifest.
    """
    content: Any = document.content
    sources: dict[str, Callable[[str], str]] = {
        "from_env": _from_env,
        "from_file": lambda name: _from_file(directory / name),
    }
    for place in _PLACES.get(str(content.get("kind")), ()):
        for path, value in list(_found(content, place)):
            if not isinstance(value, dict) or len(cast("dict[str, Any]", value)) != 1:
                continue
            ((source, name),) = cast("dict[str, Any]", value).items()
            if source in sources:
                content = _with(content, path, _read(sources[source], source, name, document.line(path)))
    return content


def _read(source: Callable[[str], str], kind: str, name: object, line: int) -> str:
    if not isinstance(name, str):
        raise NotReadable(f"`{kind}` must be a name", line)
    try:
        return source(name)
    except (LookupError, OSError, ValueError) as error:
        # The message of a codec repeats bytes of the file.
        why = f": {error.strerror}" if isinstance(error, OSError) else ""
        raise NotReadable(f"cannot read `{kind}: {name}`{why or f': {_WHY[kind]}'}", line) from None


_WHY = {
    "from_env": "the environment has no such variable",
    "from_file": f"it is no text of at most {MOST_BYTES // 1024} KiB",
}


def _from_env(name: str) -> str:
    if (value := variable(name)) is None:
        raise LookupError(name)
    return value


def _from_file(path: FilePath) -> str:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError
    return content.decode()


def _found(node: Any, place: Path, *before: str | int) -> Iterator[tuple[Path, Any]]:
    if not place:
        yield before, node
    elif isinstance(node, dict):
        first, *rest = place
        for name, value in cast("dict[str, Any]", node).items():
            if first in {_EVERY, name}:
                yield from _found(value, tuple(rest), *before, name)


def _with(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    return {**node, first: _with(node[first], tuple(rest), value)}
