"""What the rules of a kind may look at."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from domain.plan.estate import Estate, Identity, Key, Resource
from domain.plan.facts import Facts, SnapshotFact
from domain.plan.options import Data, Mode, Options


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a plan is computed from."""

    desired: Estate
    current: Estate
    facts: Facts
    options: Options
    renewed: AbstractSet[Key] = frozenset()
    """What exists before and after, but as another resource under the same name."""
    users: Mapping[Key, Sequence[Key]] = field(default_factory=dict[Key, Sequence[Key]])
    """What refers to a resource now."""
    remaining: Mapping[Key, Sequence[Key]] = field(default_factory=dict[Key, Sequence[Key]])
    """What still refers to it when the plan is carried out."""

    def identity(self, key: Key) -> Identity | None:
        """Return which resource has a name now, None when the plan creates or replaces it."""
        found = self.current.get(key)
        return None if found is None or key in self.renewed else found.identity

    @property
    def rewinds_data(self) -> bool:
        """Whether files go back, too."""
        return self.options.mode is Mode.REWIND and self.options.data is Data.REWIND

    def trashed(self, desired: Resource) -> Resource | None:
        """Return the desired resource itself as it is in the trash, None when it is not there."""
        if self.options.mode not in {Mode.REWIND, Mode.UNDO} or desired.identity is None:
            return None
        return self.facts.trash.get(desired.identity.id)

    def source(self, desired: Resource) -> Identity | None:
        """Return the resource whose data and secrets the desired one has; None for a new one."""
        original = self.options.originals.get(desired.key)
        return desired.identity if original is None else original.identity

    def snapshot(self, desired: Resource) -> SnapshotFact | None:
        """Return the newest snapshot of its files at or before the moment."""
        source = self.source(desired)
        return None if source is None else self.facts.snapshots.get(source.id)
