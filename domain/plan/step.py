"""The steps of a plan. Each is one ordinary command."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from domain.plan.estate import Identity, Key


class Action(StrEnum):
    """What a step does to its resource, as people read it."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"
    """Both steps of a replacement, the removal and the creation, have this action."""
    RESTORE = "restore"
    """From the trash, from a snapshot or from an archive."""
    SWAP = "swap"
    """A restored copy takes the place of the resource, which is moved to the trash."""
    START = "start"
    STOP = "stop"
    TRASH = "trash"
    DELETE = "delete"
    """For kinds without a trash."""
    CANNOT = "cannot"
    """No command: the reason says why a difference remains."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    id: str
    """Unique in its plan: "1", "2" and so on."""
    action: Action
    key: Key
    command: str | None = None
    """The verb of the command of its kind, such as ``create`` or ``change``; None when nothing is done."""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The body of the command. References are names, secrets are left out."""
    identity: Identity | None = None
    """The resource that the command is about; None for one that the step creates."""
    secrets_from: Identity | None = None
    """The resource, at the version, whose secrets the command copies."""
    before: Mapping[str, Any] | None = None
    """The fields that change, as they are; None when there is nothing yet."""
    after: Mapping[str, Any] | None = None
    """The same fields, as they will be; None when it is removed."""
    data: str = ""
    """What becomes of data, as a sentence; empty when none is affected."""
    reason: str = ""
    """Why it is replaced, or why nothing can be done."""
    needs: tuple[str, ...] = ()
    """The ids of the steps that must be done before."""

    def as_json(self) -> dict[str, Any]:
        """Return it as a plan stores it."""
        return {**asdict(self), "key": self.key._asdict(), "needs": list(self.needs)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return a step that ``as_json`` returned."""
        read: dict[str, Any] = {
            **stored,
            "action": Action(stored["action"]),
            "key": Key(**stored["key"]),
            "identity": _identity(stored["identity"]),
            "secrets_from": _identity(stored["secrets_from"]),
            "needs": tuple(stored["needs"]),
        }
        return cls(**read)


def _identity(stored: Mapping[str, Any] | None) -> Identity | None:
    return None if stored is None else Identity(**stored)
