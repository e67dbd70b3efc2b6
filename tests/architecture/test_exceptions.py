"""Every ``raise`` creates its exception: one that is shared collects the traceback of every raise, and never frees it.

The frames of a traceback keep their local variables, such as a presented key.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.test_budgets import files, shown

CLASS = re.compile("[A-Z][a-z]")
"""The first character of a class name."""
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@cache
def trees() -> dict[str, ast.Module]:
    """Return every Python file of the product and its tests, parsed."""
    return {shown(path): ast.parse(path.read_text()) for path in files()}


def last_name(node: ast.expr) -> str:
    """Return ``C`` for ``a.b.C``, nothing for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def exception_names(found: dict[str, ast.Module]) -> set[str]:
    """Return the names of all exception classes: built in, imported, and ours."""
    names = {name for name, each in vars(builtins).items() if is_exception(each)}
    classes: list[ast.ClassDef] = []
    for tree in found.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names |= {each.name for each in node.names if each.name.endswith(("Error", "Exception"))}
            elif isinstance(node, ast.ClassDef):
                classes.append(node)
    while more := {each.name for each in classes if names & set(map(last_name, each.bases))} - names:
        names |= more
    return names


def is_exception(value: object) -> bool:
    """Return whether a value is an exception class."""
    return isinstance(value, type) and issubclass(value, BaseException)


def run_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the code that runs at import: not the body of a function, but its defaults."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Function):
            waiting += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        else:
            waiting += ast.iter_child_nodes(node)


def shared_instances(tree: ast.Module, exceptions: set[str]) -> Iterator[int]:
    """Yield the lines that store a new exception: at import, or as an attribute."""
    kept = list(run_at_import(tree))
    raised = [node.exc for node in kept if isinstance(node, ast.Raise)]
    kept += [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Attribute) for each in node.targets)
    ]
    for node in kept:
        if isinstance(node, ast.Call) and last_name(node.func) in exceptions and node not in raised:
            yield node.lineno


def bound_names(function: Function) -> set[str]:
    """Return the names that a function binds: its parameters, what it assigns and catches."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names - {
        name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names
    }


def shared_raises(node: ast.AST, exceptions: set[str], bound: frozenset[str] = frozenset()) -> Iterator[int]:
    """Yield the lines that raise what neither the statement created nor the function bound."""
    if isinstance(node, Function):
        bound |= bound_names(node)
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Attribute):
        root = node.exc
        while isinstance(root, ast.Attribute):
            root = root.value
        owner = root.id if isinstance(root, ast.Name) else ""
        is_class = last_name(node.exc) in exceptions or CLASS.match(last_name(node.exc)) is not None
        if owner not in bound and not is_class:
            yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from shared_raises(child, exceptions, bound)


def test_no_exception_is_created_to_be_kept() -> None:
    found = trees()
    names = exception_names(found)
    lines = {path: sorted(set(shared_instances(tree, names))) for path, tree in found.items()}
    assert {path: each for path, each in lines.items() if each} == {}, "create it where it is raised"


def test_no_exception_is_raised_from_a_shared_name() -> None:
    found = trees()
    names = exception_names(found)
    lines = {path: list(shared_raises(tree, names)) for path, tree in found.items()}
    assert {path: each for path, each in lines.items() if each} == {}, "create it where it is raised"


@pytest.mark.parametrize(
    "source",
    [
        "GONE = KeyError('x')",
        "GONE: Exception = errors.Gone('x')",
        "ALL = {'a': (ValueError('x'),)}",
        "class Box:\n    gone = KeyError('x')",
        "def f(gone=KeyError('x')): ...",
        "def f(*, gone=KeyError('x')): ...",
        "if (gone := KeyError('x')): ...",
        "class Box:\n    def f(self):\n        self.gone = KeyError('x')",
    ],
)
def test_an_exception_that_is_kept_is_found(source: str) -> None:
    assert list(shared_instances(ast.parse(source), {"KeyError", "ValueError", "Gone"})), source


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise GONE",
        "def f():\n    raise module.gone",
        "def f():\n    global gone\n    gone = 1\n    raise gone",
    ],
)
def test_a_raise_from_a_shared_name_is_found(source: str) -> None:
    assert list(shared_raises(ast.parse(source), {"KeyError"})), source


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise KeyError",
        "def f():\n    raise errors.KeyError('x')",
        "def f():\n    raise library.Exit",
        "def f(outcome):\n    raise outcome.error",
        "def f():\n    try: ...\n    except KeyError as error:\n        raise error",
    ],
)
def test_a_raise_of_its_own_exception_is_accepted(source: str) -> None:
    tree = ast.parse(source)
    assert list(shared_raises(tree, {"KeyError"})) == []
    assert list(shared_instances(tree, {"KeyError"})) == []
