"""Files and functions stay small enough to read, and names have a meaning."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "projections", "adapters", "miniaws", "tests", "benchmarks")
SCRIPTS = (
    "scripts/durations",
    "scripts/images",
    "scripts/picture-rewind",
    "scripts/reference",
    "scripts/screenshots",
    "scripts/sweep-tests",
)
FILE_LINES = 400
FUNCTION_LINES = 30
STORY_LINES = 40
"""The limit for tests, whose steps belong together."""

BANNED = {"service", "util", "utils", "helper", "helpers", "common", "handler", "handlers", "misc"}
"""Names that say nothing about a file."""


def files() -> Iterator[Path]:
    """Yield every Python file of the product and its tests."""
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))
    for script in SCRIPTS:
        yield ROOT / script


def shown(path: Path) -> str:
    """Return the path in the form of the lists above."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield name and number of lines of every function, without the signature, which documents a route."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.body[0].lineno + 1


def test_a_file_has_at_most_400_lines() -> None:
    lines = {shown(path): len(path.read_text().splitlines()) for path in files()}
    long = {path: count for path, count in lines.items() if count > FILE_LINES}
    assert long == {}, "make it a package of the same name, part by part"


def test_a_function_has_at_most_30_lines() -> None:
    long = {
        f"{shown(path)}:{name}": count
        for path in files()
        for name, count in functions(path)
        if count > (STORY_LINES if path.is_relative_to(ROOT / "tests") else FUNCTION_LINES)
    }
    assert long == {}, "give a part of it a name of its own"


def test_no_file_has_a_name_that_could_mean_anything() -> None:
    bad = [shown(path) for path in files() if BANNED & set(path.stem.removeprefix("test_").split("_"))]
    assert bad == [], "name a file after what is in it: see the glossary in CONTRIBUTING.md"


def test_scripts_in_python_are_known() -> None:
    found = {
        shown(path)
        for path in (ROOT / "scripts").iterdir()
        if path.is_file() and path.read_text().startswith("#!/usr/bin/env python3")
    }
    assert found == set(SCRIPTS)
