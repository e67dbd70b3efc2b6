"""Finds the files of a manifest, and explains a refusal of the cloud by file and line."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.manifests import secrets
from miniaws.cli.manifests.documents import Document, NotReadable, documents

MOST_BYTES = 10 * 1024 * 1024
_STDIN = "-"
_ENDINGS = {".yaml", ".yml", ".json"}


@dataclass(frozen=True, slots=True)
class Located:
    """A document, and the file that it is in."""

    file: str
    document: Document


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents of all files."""

    documents: Sequence[dict[str, Any]]
    """With their secrets."""
    located: Sequence[Located]

    def explained(self, failure: Failure) -> Failure:
        """Return a refusal of the cloud with file and line in place of the path in the request."""
        notes = [note for field, message in failure.fields if (note := self._note(field, message))]
        others = [note for note in failure.notes if note.startswith("request id")]
        if not notes:
            return failure
        first, *rest = notes
        return Failure(f"cannot apply {first}", failure.exit_code, (*rest, *others), failure.code)

    def _note(self, field: str, message: str) -> str | None:
        beginning, *path = field.split(".")
        if beginning != "manifest" or not path or not path[0].isdigit():
            return None
        located = self.located[int(path[0])]
        keys = tuple(int(part) if part.isdigit() else part for part in path[1:])
        line, content = located.document.line(keys), located.document.content
        about = f"{content.get('kind', 'resource')} {content.get('name', '')}".strip()
        said = message.removeprefix(f"`{field}` ")
        return f"{located.file}:{line}: {about}: `{_shown(keys)}`{' ' if said != message else ': '}{said}"


def read(given: Sequence[str]) -> Manifest:
    """Return the documents of files, of all files of folders, and of standard input (``-``). Raises Failure."""
    found: list[Located] = []
    contents: list[dict[str, Any]] = []
    for name in given:
        for path in _paths(name):
            directory = Path() if name == _STDIN else path.parent
            shown = "standard input" if name == _STDIN else str(path)
            try:
                for document in documents(_text(name, path)):
                    contents.append(secrets.resolved(document, directory))
                    found.append(Located(shown, document))
            except NotReadable as error:
                raise Failure(f"cannot read {shown}:{error.line}: {error}", USAGE) from None
    if not found:
        raise Failure(f"cannot apply {', '.join(given)}: no document is in it", USAGE)
    return Manifest(contents, found)


def _paths(name: str) -> Iterator[Path]:
    path = Path(name)
    if name == _STDIN or not path.is_dir():
        yield path
        return
    yield from sorted(each for each in path.iterdir() if each.suffix in _ENDINGS and each.is_file())


def _text(name: str, path: Path) -> str:
    try:
        if name == _STDIN:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", USAGE) from None
    if len(content) > MOST_BYTES:
        raise Failure(f"cannot read {path}: it has more than {MOST_BYTES // 1024**2} MiB", USAGE)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Failure(f"cannot read {path}: it is no UTF-8 text", USAGE) from None


def _shown(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
