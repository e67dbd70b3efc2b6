"""The tool ``docs``: searches and returns the pages of this documentation."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from miniaws.cli.failures import NOT_FOUND, Failure
from miniaws.cli.noun import Document

_PACKAGE = Path(__file__).resolve().parents[2]
FOLDERS = (_PACKAGE / "docs", _PACKAGE.with_name("docs"))
"""Where the pages are: in an installed package, and in a checkout."""
_INDEXES = {"README", "index"}
"""Pages that only lead to others, which a search should find instead."""
_RESULTS = 5
_LONGEST_EXCERPT = 1500
_HEADING_WEIGHT = 4
"""A word in a heading counts as much as this many in the text."""
_SATURATION, _LENGTH = 1.2, 0.75
"""The usual parameters of Okapi BM25: how little a repeated word adds, and how much a long section is held back."""
_WORD = re.compile(r"[a-z0-9_]+")
_HEADING = re.compile(r"#{1,4} +(.+)")


@dataclass(frozen=True, slots=True)
class _Section:
    page: str
    heading: str
    text: str
    words: Counter[str]
    """How often each word occurs."""


class DocumentationTools:
    """Reads of the documentation, which is a part of the package."""

    def docs(
        self,
        query: Annotated[
            str | None, Field(description="Words to search for, e.g. `restore database point in time`.")
        ] = None,
        page: Annotated[
            str | None, Field(description="The page to return whole, e.g. `how-to/restore-a-database`.")
        ] = None,
    ) -> Document:
        """Search the documentation of miniaws, or return one page. Without arguments: the list of pages."""
        if page is not None:
            return _page(page.removesuffix(".md"))
        if query is not None:
            return {"results": _search(query)}
        return {"pages": [{"page": each, "title": _title(text)} for each, text in _pages().items()]}


def _page(page: str) -> Document:
    found = _pages()
    if page not in found:
        raise Failure(f"cannot find the page {page!r}: the pages are {', '.join(found)}", NOT_FOUND)
    return {"page": page, "text": found[page]}


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def _search(query: str) -> list[Document]:
    """Return the sections that fit best, by Okapi BM25 (Robertson and Zaragoza, 2009)."""
    sections = _sections()
    wanted = {_stem(word) for word in _WORD.findall(query.lower())}
    holding = Counter(word for section in sections for word in section.words.keys() & wanted)
    weights = {word: math.log(1 + len(sections) / count) for word, count in holding.items()}
    average = sum(section.words.total() for section in sections) / len(sections)

    def score(section: _Section) -> float:
        most = _SATURATION * (1 - _LENGTH + _LENGTH * section.words.total() / average)
        return sum(
            weight * section.words[word] / (section.words[word] + most) for word, weight in weights.items()
        )

    best = sorted((each for each in sections if score(each)), key=score, reverse=True)[:_RESULTS]
    return [
        {"page": each.page, "heading": each.heading, "text": each.text[:_LONGEST_EXCERPT]} for each in best
    ]


@cache
def _pages() -> dict[str, str]:
    """Return the text of every page by its path without suffix."""
    folder = next(each for each in FOLDERS if each.is_dir())
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.md"))
    }


@cache
def _sections() -> list[_Section]:
    return [
        section
        for page, text in _pages().items()
        if page.rpartition("/")[2] not in _INDEXES
        for section in _divided(page, text)
    ]


def _divided(page: str, text: str) -> Iterator[_Section]:
    """Yield the sections of a page. A `#` inside a block of code begins none."""
    heading, lines, is_code = page, list[str](), False
    for line in [*text.splitlines(), "# "]:
        is_code ^= line.startswith("```")
        begins = not is_code and (line == "# " or _HEADING.fullmatch(line))
        if not begins:
            lines.append(line)
            continue
        if body := "\n".join(lines).strip():
            yield _Section(page, heading, body, _counted(f"{page} {heading}", body))
        heading, lines = line.lstrip("# "), []


def _counted(heading: str, body: str) -> Counter[str]:
    words = Counter(map(_stem, _WORD.findall(body.lower())))
    for word in map(_stem, _WORD.findall(heading.lower())):
        words[word] += _HEADING_WEIGHT
    return words


def _stem(word: str) -> str:
    """Return a word without the ending of a plural, so that `snapshots` finds `snapshot`."""
    return word.removesuffix("s") if len(word) > 3 else word
