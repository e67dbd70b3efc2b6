"""A kind of resource: its path in the API, and its columns in tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from miniaws.cli import moments

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    cell: Callable[[Document], Any]


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of resource."""

    command: str
    """The subcommand of ``cloud``."""
    label: str
    """The name in sentences."""
    path: str
    columns: tuple[Column, ...]
    key: str = "name"
    """The field that ``-o name`` prints and other commands accept."""
    optional: tuple[str, ...] = ("ID", "AGE")
    """Titles of the columns that a narrow terminal does not show, in the order in which they are dropped."""

    def at(self, id_or_name: str, action: str = "") -> str:
        """Return the path of one resource, or of an action on it."""
        return f"{self.path}/{quote(id_or_name, safe='')}" + (f"/{action}" if action else "")


def spec(name: str) -> Callable[[Document], Any]:
    """Return a function that reads a field of ``spec``."""
    return lambda document: document["spec"].get(name)


def observed(name: str) -> Callable[[Document], Any]:
    """Return a function that reads a field of ``observed``."""
    return lambda document: document["observed"].get(name)


def columns(*own: Column) -> tuple[Column, ...]:
    """Return the columns of a kind between those that all kinds have."""
    return (
        Column("NAME", lambda document: document["name"]),
        Column("STATUS", lambda document: document["status"]),
        *own,
        Column("AGE", lambda document: moments.age(document["created_at"])),
        Column("ID", lambda document: document["id"]),
    )
