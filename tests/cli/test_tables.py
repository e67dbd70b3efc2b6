"""Tables on terminals of different widths."""

import re
import time

import pytest

from miniaws.cli import output
from miniaws.cli.instance import INSTANCE
from miniaws.cli.noun import Noun
from miniaws.cli.resource import RESOURCE
from tests.cli.conftest import Command

LONG = "w" * 40


def lines(cloud: Command, *arguments: str, width: int) -> list[str]:
    """Return the lines on a terminal, without colours."""
    code, shown = cloud.on_terminal(*arguments, COLUMNS=str(width), NO_COLOR="1")
    assert code == 0
    # What the progress message leaves behind is no part of the table.
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown).replace("\r", "\n").split("\n")
    return [
        each.rstrip() for each in plain[next(i for i, each in enumerate(plain) if each.startswith("NAME ")) :]
    ]


def test_a_narrow_terminal_drops_columns_in_the_order_of_the_kind(cloud: Command) -> None:
    cloud("vpc", "create", LONG)
    assert lines(cloud, "vpc", "list", width=200)[0].split() == ["NAME", "STATUS", "CIDR", "AGE", "ID"]
    assert lines(cloud, "vpc", "list", width=80)[0].split() == ["NAME", "STATUS", "CIDR", "AGE"]
    header, *rows = lines(cloud, "vpc", "list", width=68)
    assert header.split() == ["NAME", "STATUS", "CIDR"]
    assert any(row.startswith(f"{LONG}  available  ") for row in rows)


def test_a_name_is_whole_even_on_a_terminal_that_is_too_narrow_for_it(cloud: Command) -> None:
    cloud("vpc", "create", LONG)
    assert any(LONG in row for row in lines(cloud, "vpc", "list", width=30))


def test_wide_shows_all_columns_on_every_terminal(cloud: Command) -> None:
    header = lines(cloud, "vpc", "list", "-o", "wide", width=40)[0]
    assert header.split() == ["NAME", "STATUS", "CIDR", "AGE", "ID"]


@pytest.mark.parametrize("noun", [INSTANCE, RESOURCE], ids=lambda noun: noun.command)
def test_the_order_names_columns_of_the_kind_and_not_the_one_that_commands_take(noun: Noun) -> None:
    assert set(noun.optional) < {each.title for each in noun.columns}
    assert noun.key.upper() not in noun.optional


def test_instants_are_local_and_addresses_are_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        since = "2026-11-23T14:00:00.123456+00:00"
        target = {"since": since, "serves_at": "10.0.0.2"}
        assert output.text([target]) == "since=2026-11-23 15:00:00 serves_at=10.0.0.2"
    finally:
        monkeypatch.undo()
        time.tzset()
