"""A step before it has a number: it says what it makes, uses, frees and takes, from which the order follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from domain.plan.estate import Identity, Key, Resource
from domain.plan.step import Action

Token = tuple[str, ...]
"""What one resource has at a time: its name, a host port, a volume, an address range."""


def name_token(key: Key) -> Token:
    """Return what stands for a name."""
    return ("name", *key)


def port_token(port: int) -> Token:
    """Return what stands for a port of the host."""
    return ("port", str(port))


def use_token(key: Key) -> Token:
    """Return what stands for the use of a resource by others: it is removed when nothing uses it."""
    return ("use", *key)


@dataclass(frozen=True, slots=True)
class Draft:
    """A step without a number."""

    action: Action
    key: Key
    command: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    identity: Identity | None = None
    secrets_from: Identity | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    data: str = ""
    reason: str = ""
    makes: Key | None = None
    """What exists once it is done."""
    uses: frozenset[Key] = frozenset()
    """What must exist before."""
    frees: frozenset[Token] = frozenset()
    """What others may have once it is done."""
    takes: frozenset[Token] = frozenset()
    """What nothing else may have any more."""

    def having(self, **changes: Any) -> Self:
        """Return it with some fields changed."""
        return replace(self, **changes)

    def refused(self, reason: str) -> Self:
        """Return what remains when it cannot be done."""
        return replace(self, action=Action.CANNOT, command=None, body={}, data="", reason=reason)


def cannot(key: Key, reason: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Draft:
    """Return a difference that remains."""
    return Draft(Action.CANNOT, key, before=before, after=after, reason=reason)


def whole(resource: Resource) -> dict[str, Any]:
    """Return all fields of a resource, its tags among them."""
    return {**resource.spec, "tags": dict(resource.tags)}


def uses_of(keys: Iterable[Key]) -> frozenset[Token]:
    """Return the uses of these resources."""
    return frozenset(use_token(key) for key in keys)
