"""The examples that ``--help`` shows."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from miniaws.cli import app
from miniaws.cli.examples import EXAMPLES
from tests.cli.conftest import Command

OF_A_NAME = {"name", "how", "help", "output"}
"""Parameters of a command whose usage line says all."""
WIDTH = 76


def leaves() -> dict[str, Any]:
    """Return every command that is no group, by its path."""
    root: Any = get_command(app)

    def below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "commands"):
            yield path, command
        for name, each in getattr(command, "commands", {}).items():
            yield from below(each, f"{path} {name}")

    return dict(found for name in root.commands for found in below(load(root, name), name))


def load(root: Any, name: str) -> Any:
    """Return a command of ``cloud``, which is imported when it is resolved."""
    return root.resolve_command(root.make_context("cloud", [name], resilient_parsing=True), [name])[1]


LEAVES = leaves()


def shown(command: Any) -> list[str]:
    """Return the examples in the help of a command."""
    return re.findall(r"^  (cloud .*)$", command.epilog or "", re.MULTILINE)


@pytest.mark.parametrize("path", LEAVES)
def test_each_example_can_be_typed_as_it_is_written(path: str) -> None:
    for line in shown(LEAVES[path]):
        assert len(line) <= WIDTH, f"{line} is folded on a terminal of 80 columns"
        words = shlex.split(line.removeprefix(f"cloud {path}"))
        assert line.startswith(f"cloud {path}")
        LEAVES[path].make_context(path, words)


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_that_takes_more_than_a_name_has_two_or_three_examples(path: str) -> None:
    if {each.name for each in LEAVES[path].params} - OF_A_NAME:
        assert len(shown(LEAVES[path])) in {2, 3}, f"add examples of {path} to miniaws/cli/examples.py"


def test_no_example_is_of_a_command_that_does_not_exist() -> None:
    assert EXAMPLES.keys() <= LEAVES.keys()


def test_help_shows_the_examples_below_the_options() -> None:
    text = Command({"COLUMNS": "80", "TERM": "dumb"})("volume", "create", "--help").stdout
    assert " cloud volume create data --size 10 --tag env=prod\n" in re.sub(
        r" +\n", "\n", text.partition("Options")[2]
    )
