"""Caches: limits, eviction and parameters change in place, keys come from a snapshot of the volume."""

from typing import ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot, name_token
from domain.plan.estate import Key, Resource
from domain.plan.kinds.server import ServerKind
from domain.plan.kinds.volume import told
from domain.plan.step import Action


class CacheKind(ServerKind):
    """The rules of caches."""

    PATCHED: ClassVar[frozenset[str]] = ServerKind.PATCHED | {"eviction", "parameters"}

    def returns(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether its keys go back: those in a snapshot of its volume."""
        return super().returns(desired, current, context) or self.prefers_snapshot(desired, context)

    def prefers_snapshot(self, desired: Resource, context: Context) -> bool:
        """Return whether its keys come from a snapshot even if it is in the trash with newer ones."""
        return context.rewinds_data and _stores(desired) and context.snapshot(desired) is not None

    def another(self, desired: Resource, context: Context, action: Action) -> list[Draft]:
        """Return its creation, on a volume from a snapshot if there is one."""
        snapshot = context.snapshot(desired)
        if snapshot is None or not _stores(desired):
            return super().another(desired, context, action)
        volume = Key("volume", f"{desired.name}-restored")
        files = Draft(
            Action.RESTORE,
            volume,
            "restore_from_snapshot",
            body={"snapshot": snapshot.id, "volume": snapshot.volume_id, "name": volume.name, "tags": {}},
            after={},
            data=f"it has the files of {told(snapshot)}",
            makes=volume,
            takes=frozenset({name_token(volume)}),
        )
        made, *rest = super().another(desired, context, action)
        body = {**made.body, "volume": volume.name, "storage_gb": None}
        data = f"its keys become those in {told(snapshot)}; it gets another password"
        return [files, made.having(body=body, data=data, uses=made.uses | {volume}), *rest]

    def lost(self, desired: Resource) -> str:
        """Return that it has no keys."""
        why = (
            "there is no snapshot of its volume at or before that moment"
            if _stores(desired)
            else "it stores none"
        )
        return f"it begins without keys: {why}; it gets another password"

    def remarks(self, current: Resource, context: Context) -> list[Draft]:
        """Return that its keys stay, when data is rewound."""
        if not context.rewinds_data:
            return []
        return [
            cannot(current.key, "its keys stay as they are: no snapshot has those of that moment", None, None)
        ]

    def kept(self, resource: Resource) -> str:
        """Return what becomes of its keys."""
        return super().kept(resource) if _stores(resource) else "its keys are lost: it stores none on disk"


def _stores(cache: Resource) -> bool:
    return cache.spec.get("persistence", "none") != "none"
