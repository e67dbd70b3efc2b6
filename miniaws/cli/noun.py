"""What a kind of resource looks like in tables, and where the API has it."""

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

    word: str
    path: str
    columns: tuple[Column, ...]
    key: str = "name"
    """What ``-o name`` prints, and what other commands take."""

    def at(self, id_or_name: str, action: str = "") -> str:
        """Return the path of one resource, or of an action on it."""
        return f"{self.path}/{quote(id_or_name, safe='')}" + (f"/{action}" if action else "")


def spec(name: str) -> Callable[[Document], Any]:
    """Return what reads a value that was asked for."""
    return lambda document: document["spec"].get(name)


def observed(name: str) -> Callable[[Document], Any]:
    """Return what reads a value that is."""
    return lambda document: document["observed"].get(name)


def columns(*own: Column) -> tuple[Column, ...]:
    """Return a kind's own columns between those that every kind has."""
    return (
        Column("NAME", lambda document: document["name"]),
        Column("STATUS", lambda document: document["status"]),
        *own,
        Column("AGE", lambda document: moments.age(document["created_at"])),
        Column("ID", lambda document: document["id"]),
    )
