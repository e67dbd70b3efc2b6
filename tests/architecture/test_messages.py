"""Validation says what a field must be; every other refusal says what cannot be done.

``must`` in ``domain/values.py`` writes the former. An ``Invalid`` that is raised directly is about the resource.
"""

import ast
from collections.abc import Iterator

from domain.errors import Invalid
from miniaws import bootstrap
from tests.architecture.test_exceptions import last_name, trees

VERBS_OF_VALIDATION = {"accept", "keep", "use"}
"""What a message says that should say what the field must be."""


def validation() -> set[str]:
    """Return the names of ``Invalid`` and its subclasses."""
    waiting, names = [Invalid], set[str]()
    while waiting:
        kind = waiting.pop()
        names.add(kind.__name__)
        waiting += kind.__subclasses__()
    return names


def beginning(message: ast.expr) -> str:
    """Return the text that a message begins with, up to the first value in it."""
    if isinstance(message, ast.JoinedStr):
        return beginning(message.values[0])
    if isinstance(message, ast.BinOp):
        return beginning(message.left)
    return str(message.value) if isinstance(message, ast.Constant) else ""


def messages() -> Iterator[tuple[str, str]]:
    """Yield where an error of validation is raised directly, and how its message begins."""
    assert bootstrap, "every subclass is imported"
    kinds = validation()
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and last_name(node.func) in kinds and not path.startswith("tests"):
                yield f"{path}:{node.lineno}", beginning(node.args[0]) if node.args else ""


def rules() -> Iterator[tuple[str, str]]:
    """Yield where ``must`` is called, and how the rule begins."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and last_name(node.func) == "must" and len(node.args) > 1:
                yield f"{path}:{node.lineno}", beginning(node.args[1])


def test_what_no_field_is_wrong_about_cannot_be_done() -> None:
    wrong = {
        where: message
        for where, message in messages()
        if not message.startswith("cannot ") or message.split()[1] in VERBS_OF_VALIDATION
    }
    assert wrong == {}, "say what the field must be: see `must` in domain/values.py"
    assert len(list(messages())) > 10


def test_a_rule_follows_the_word_must() -> None:
    wrong = {
        where: rule
        for where, rule in rules()
        if rule and (rule[0] in "` " or rule.startswith(("must", "cannot")))
    }
    assert wrong == {}, "a rule is a verb with what belongs to it, as in `be from 1 to 65535`"
    assert len(list(rules())) > 80
