"""An estate: the resources of an account, as they are, as they were, or as a manifest describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Key(NamedTuple):
    """What identifies a resource in an estate."""

    kind: str
    name: str


IN_VPC = frozenset({"subnet", "security_group"})
"""Kinds whose names are unique in their VPC only; the name in their key is ``<name>.<VPC>``."""
DEFAULT = "default"


def key_of(kind: str, name: str, vpc: str | None) -> Key:
    """Return what identifies a resource of a VPC, or one that is in none."""
    is_qualified = kind not in IN_VPC or vpc is None or "." in name
    return Key(kind, name if is_qualified else f"{name}.{vpc}")


def is_always_there(key: Key) -> bool:
    """Return whether an estate need not have it: the default VPC of an account, and what each VPC is given."""
    if key.kind in IN_VPC:
        return key.name.startswith(f"{DEFAULT}.")
    return key == Key("vpc", DEFAULT)


@dataclass(frozen=True, slots=True)
class Identity:
    """The resource in the store that a part of an estate stands for."""

    id: str
    """Its public id."""
    version: int
    """Its version in this estate; an earlier one for an estate of the past."""
    status: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of an estate."""

    kind: str
    name: str
    spec: Mapping[str, Any]
    """The body of the command that creates it, without ``name`` and ``tags``.

    References are names. Secrets are left out; those of a resource that exists or existed are found by its identity.
    """
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    running: bool | None = None
    """Whether it should run; None for a kind that is not started and stopped, or when that does not matter."""
    identity: Identity | None = None
    """None for what only a manifest describes."""

    @property
    def key(self) -> Key:
        """What identifies it."""
        return key_of(self.kind, self.name, self.spec.get("vpc"))


Estate = Mapping[Key, Resource]
"""Resources by kind and name."""


def estate(resources: Iterable[Resource]) -> Estate:
    """Return an estate of these resources."""
    return {each.key: each for each in resources}
