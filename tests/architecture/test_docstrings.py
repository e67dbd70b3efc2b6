"""Public methods of the domain have docstrings, but for ``apply``: the docstring of its event describes it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import domain

ROOT = Path(domain.__file__).parent


def undocumented(node: ast.AST, where: str) -> Iterator[str]:
    for each in ast.iter_child_nodes(node):
        match each:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield from undocumented(each, f"{where}.{name}")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if not name.startswith("_") and name != "apply" and ast.get_docstring(each) is None:
                    yield f"{where}.{name}"
            case _:
                pass


def test_every_public_function_of_the_domain_has_a_docstring() -> None:
    found = [
        name
        for path in sorted(ROOT.rglob("*.py"))
        for name in undocumented(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    ]
    assert found == [], "say in one sentence what it does"


def test_every_applier_is_that_of_an_event_with_a_docstring() -> None:
    events = [
        node
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(each, ast.FunctionDef) and each.name == "apply" for each in node.body)
    ]
    assert events
    assert [node.name for node in events if ast.get_docstring(node) is None] == []
