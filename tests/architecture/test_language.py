"""Docs, docstrings, comments, help texts and messages are in plain English: see ``language.toml``."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("domain", "projections", "adapters", "miniaws", "tests", "benchmarks")
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_START = "docstring start"
# What people read in other languages: comments, strings, and the text of elements.
_HASH = r"(?:^|(?<=\s))#(?P<comment>[^\n]*)"
_QUOTED = r"|(?P<quote>[\"'])(?P<string>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)"
READ = {
    "console": r"//(?P<comment>[^\n]*)|/\*(?P<block>.*?)\*/|`(?P<template>[^`\n]*)`|>(?P<element>[^<>{}=;()]+)<"
    + _QUOTED,
    "scripts": _HASH + _QUOTED,
    "recipes": _HASH,
    "sql": r"--(?P<comment>[^\n]*)",
}
FILES = {
    "console": ("frontend/src/**/*.ts", "frontend/src/**/*.tsx", "frontend/src/**/*.css", "frontend/*.mjs"),
    "scripts": ("scripts/*", "adapters/**/*.sh"),
    "recipes": ("*.yaml", "Dockerfile", "Makefile", "pyproject.toml", "adapters/**/*Dockerfile*"),
    "sql": ("adapters/**/*.sql", "projections/**/*.sql", "miniaws/**/*.sql"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Wording to avoid. ``pattern`` matches it."""

    pattern: re.Pattern[str]
    instead: str
    why: str
    is_start: bool


@cache
def wordings() -> list[Wording]:
    """Return the wordings to avoid."""
    entries = tomllib.loads((Path(__file__).parent / "language.toml").read_text())["wording"]
    return [
        Wording(
            re.compile(each["pattern"], re.IGNORECASE),
            each["instead"],
            each["why"],
            each.get("where") == _START,
        )
        for each in entries
    ]


def texts(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield line number and text of each docstring and each message in a file, and whether it is a docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value, id(node) in docstrings


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each comment in Python."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#")


def readable(source: str, pattern: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each part of a file that people read."""
    for found in re.finditer(pattern, source, re.DOTALL | re.MULTILINE):
        text = next(
            value for name, value in found.groupdict().items() if value is not None and name != "quote"
        )
        yield source.count("\n", 0, found.start()) + 1, text


def joined(parts: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Join parts on consecutive lines: sentences in comments continue on the next line."""
    first, last, texts = 0, -1, list[str]()
    for line, text in parts:
        if texts and line != last + 1:
            yield first, " ".join(texts)
            texts = []
        if not texts:
            first = line
        texts.append(text)
        last = line
    if texts:
        yield first, " ".join(texts)


def files(language: str) -> list[Path]:
    """Return the files of a language, except those that are generated."""
    found = (path for pattern in FILES[language] for path in ROOT.glob(pattern) if path.is_file())
    return sorted(path for path in found if not path.name.endswith(".d.ts"))


def findings(text: str, *, is_docstring: bool) -> Iterator[str]:
    """Yield what to write instead of each wording to avoid in a text."""
    plain = " ".join(text.split())
    for each in wordings():
        if each.is_start and not is_docstring:
            continue
        found = each.pattern.match(plain) if each.is_start else each.pattern.search(plain)
        if found:
            yield f'"{found.group()}": write "{each.instead}". {each.why}'


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_are_in_plain_english(path: Path) -> None:
    prose = re.sub(r"^ *```.*?^ *```|`[^`\n]+`", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert list(findings(prose, is_docstring=False)) == []


@pytest.mark.parametrize("folder", CODE)
def test_docstrings_and_messages_are_in_plain_english(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {finding}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text, is_docstring in texts(path)
        for finding in findings(text, is_docstring=is_docstring)
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("folder", CODE)
def test_comments_are_in_plain_english(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {finding}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in joined(comments(path.read_text()))
        for finding in findings(text, is_docstring=False)
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("language", READ)
def test_other_files_are_in_plain_english(language: str) -> None:
    paths = files(language)
    assert paths, f"there is no file of {language}"
    found = [
        f"{path.relative_to(ROOT)}:{line}: {finding}"
        for path in paths
        for line, text in joined(readable(path.read_text(), READ[language]))
        for finding in findings(text, is_docstring=False)
    ]
    assert found == [], "\n".join(found)


def test_wording_is_found_wherever_people_read() -> None:
    bad = "anew"
    for source, language in (
        ("const a = 1; // it is brought\n// about\n", "console"),
        (f"<p>it {bad}</p>", "console"),
        (f"`it {bad} after ${{it}}`", "console"),
        (f"printf 'it {bad}'", "scripts"),
        (f"x=1 # it {bad}", "recipes"),
        (f"SELECT 1; -- it {bad}", "sql"),
    ):
        parts = joined(readable(source, READ[language]))
        assert [each for _, text in parts for each in findings(text, is_docstring=False)], source
