"""Volumes: a size is fixed, the snapshot policy has commands of its own, and files come from snapshots."""

from dataclasses import replace
from typing import ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot
from domain.plan.estate import Resource
from domain.plan.facts import SnapshotFact
from domain.plan.kinds.kind import Kind, is_another
from domain.plan.kinds.words import Differences, afters, befores, duration, listed
from domain.plan.step import Action


class VolumeKind(Kind):
    """The rules of volumes."""

    RANK: ClassVar[int] = 1
    REMOVAL: ClassVar[Action] = Action.TRASH
    PARTS: ClassVar[frozenset[str]] = frozenset({"snapshot_policy"})

    def parts(
        self, desired: Resource, current: Resource, found: Differences, context: Context
    ) -> list[Draft]:
        """Return the change of its snapshot policy."""
        del desired, context
        if "snapshot_policy" not in found:
            return []
        wanted = found["snapshot_policy"][1]
        change = self.changing(current, {"snapshot_policy": found["snapshot_policy"]})
        if wanted is None:
            return [change.having(command="remove_snapshot_policy", body={})]
        return [change.having(command="put_snapshot_policy", body=wanted)]

    def returns(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether its files go back: those of a snapshot, or of an earlier volume of its name."""
        if super().returns(desired, current, context) or self.prefers_snapshot(desired, context):
            return True
        is_earlier = context.rewinds_data and is_another(desired, current)
        return is_earlier and self.is_restorable(desired, context)

    def prefers_snapshot(self, desired: Resource, context: Context) -> bool:
        """Return whether its files come from a snapshot even if it is in the trash with newer ones."""
        return context.rewinds_data and context.snapshot(desired) is not None

    def another(self, desired: Resource, context: Context, action: Action) -> list[Draft]:
        """Return its creation, with the files of a snapshot if there is one."""
        snapshot = context.snapshot(desired)
        if snapshot is None:
            return super().another(desired, context, action)
        spec = desired.spec
        made = self.new(desired, Action.SWAP if action is Action.REPLACE else Action.RESTORE).having(
            command="restore_from_snapshot",
            body={
                "snapshot": snapshot.id,
                "volume": snapshot.volume_id,
                "name": desired.name,
                "size_gb": spec.get("size_gb"),
                "tags": dict(desired.tags),
            },
            data=f"its files become those of {told(snapshot)}",
        )
        policy = spec.get("snapshot_policy")
        found: Differences = {} if policy is None else {"snapshot_policy": (None, policy)}
        return [made, *self.parts(desired, replace(desired, identity=None), found, context)]

    def lost(self, desired: Resource) -> str:
        """Return that it has no files."""
        del desired
        return "it begins empty: there is no snapshot of it at or before that moment"

    def remarks(self, current: Resource, context: Context) -> list[Draft]:
        """Return that its files stay, when data is rewound and no snapshot is there."""
        if not context.rewinds_data:
            return []
        reason = "its files stay as they are: there is no snapshot of it at or before that moment"
        return [cannot(current.key, reason, None, None)]

    def refuse_fixed(self, current: Resource, fixed: Differences) -> Draft:
        """Return why the size stays."""
        return cannot(
            current.key,
            f"{listed(fixed)} of a volume cannot be changed: create another one and copy its files",
            befores(fixed),
            afters(fixed),
        )

    def kept(self, resource: Resource) -> str:
        """Return what becomes of its files."""
        del resource
        return "its files go to the trash"


def told(snapshot: SnapshotFact) -> str:
    """Return a snapshot as people say it, with what is missing until the moment."""
    return f"the snapshot {snapshot.name}, taken {duration(snapshot.before_s)} before that moment"
