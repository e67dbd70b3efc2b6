"""What kind of plan is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.plan.estate import Key, Resource


class Mode(StrEnum):
    """Where the desired estate comes from."""

    APPLY = "apply"
    """From a manifest: nothing is removed, except what ``prune`` names."""
    REWIND = "rewind"
    """From a moment: what was not there then is removed."""
    UNDO = "undo"
    """From just before a request: as a rewind, of the fields that the request changed."""
    FORK = "fork"
    """From a moment, under other names: the resources of that moment are copied."""


class Data(StrEnum):
    """What a rewind does to the files of what exists at both moments."""

    KEEP = "keep"
    REWIND = "rewind"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that a later request changed, too, and which is therefore left alone."""

    key: Key
    field: str
    before: object
    """What an undo would set."""
    now: object


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is computed."""

    mode: Mode = Mode.APPLY
    data: Data = Data.KEEP
    to: str | None = None
    """The moment of a rewind or a fork: RFC 3339."""
    prune: frozenset[Key] = frozenset()
    """What is removed by ``apply`` when the desired estate lacks it."""
    scope: frozenset[Key] | None = None
    """What a rewind or an undo may touch; None: everything in both estates."""
    conflicts: tuple[Conflict, ...] = ()
    """What an undo leaves alone; see ``domain.plan.undo``."""
    originals: Mapping[Key, Resource] = field(default_factory=dict[Key, Resource])
    """What a fork copies, by the keys of the copies; see ``domain.plan.fork``."""

    def removes(self, key: Key) -> bool:
        """Return whether a resource that the desired estate lacks is removed."""
        if self.mode is Mode.APPLY:
            return key in self.prune
        return self.mode is not Mode.FORK

    def covers(self, key: Key) -> bool:
        """Return whether the plan may touch a resource."""
        return self.scope is None or key in self.scope
