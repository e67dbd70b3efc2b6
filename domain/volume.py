"""Volumes keep files longer than the instance that writes them.

Rules
-----
* A volume is attached to one instance at a time, which must be stopped (a container cannot gain a mount while it runs).
* A volume in use cannot be deleted.
* The volume of a server is moved to the trash, restored and purged with it.
* A size, once given, is a real limit.
* A volume that is restored from a snapshot keeps that snapshot from being deleted until its files are restored. Only
  then is it available and can be attached.
* A volume cannot be deleted while a snapshot of it is taken.
* Snapshots of it can be taken by a schedule: see ``domain/snapshot/schedule.py``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.snapshot.aggregate import copy_scope
from domain.snapshot.offsite_copies import restore_scope
from domain.snapshot.schedule import ScheduledSnapshot, SnapshotPolicy
from domain.trash import PURGED_WITH_SERVER, Trashable

MAX_SIZE_GB = 16384
SIZE_TAKES = (
    "root, mkfs.ext4, loop devices and an engine on this host that sees what is mounted here (in Compose: "
    "compose.sizes.yaml)"
)
"""What it takes to hold a volume to a size."""


class VolumeInUse(Conflict):
    """cannot do that while the volume is attached"""

    code = "volume_in_use"


class VolumeNotRestored(Conflict):
    """cannot attach a volume before its files are restored"""

    code = "volume_not_restored"


class VolumeNotAttached(Conflict):
    """cannot detach a volume that is not attached"""

    code = "volume_not_attached"


@dataclass(frozen=True, slots=True)
class Origin:
    """The volume in a snapshot that a volume is restored from."""

    snapshot_id: str
    snapshot_name: str
    volume_id: str


class Volume(Trashable):
    """One volume."""

    PREFIX = "vol"

    size_gb: int | None
    origin: Origin | None
    attached_to: str | None = None
    attached_name: str | None = None
    snapshot_policy: SnapshotPolicy | None = None
    snapshots_until: datetime = datetime.min.replace(tzinfo=UTC)
    """The newest moment of the schedule that was handled."""
    scheduled: tuple[ScheduledSnapshot, ...] = ()

    class CreateRequested(Aggregate.Created):
        """A volume was requested, empty or restored from a snapshot."""

        class_version = 2

        account_id: str
        name: str
        size_gb: int | None
        tags: dict[str, str]
        restored_from: dict[str, str] | None

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Assume that the volume began empty."""
            payload["restored_from"] = None

        def apply(self, aggregate: "Volume") -> None:
            aggregate.size_gb = self.size_gb
            aggregate.origin = None if self.restored_from is None else Origin(**self.restored_from)

    class Attached(Aggregate.Event):
        """The volume is part of an instance."""

        instance_id: str
        instance_name: str
        path: str

        def apply(self, aggregate: "Volume") -> None:
            aggregate.attached_to = self.instance_id
            aggregate.attached_name = self.instance_name

    class Detached(Aggregate.Event):
        """The volume is part of no instance."""

        instance_id: str

        def apply(self, aggregate: "Volume") -> None:
            aggregate.attached_to = None
            aggregate.attached_name = None

    class Undeleted(Aggregate.Event):
        """It was taken out of the trash, under this name."""

        name: str

        def apply(self, aggregate: "Volume") -> None:
            aggregate.name = self.name
            aggregate.leave_trash()

    class SnapshotPolicyChanged(Aggregate.Event):
        """Snapshots are taken at other times, retained otherwise, or not taken any more (no policy)."""

        policy: dict[str, Any] | None
        changed_at: datetime

        def apply(self, aggregate: "Volume") -> None:
            aggregate.snapshot_policy = None if self.policy is None else SnapshotPolicy(**self.policy)
            aggregate.snapshots_until = self.changed_at

    class SnapshotRequested(Aggregate.Event):
        """A scheduled snapshot was requested."""

        snapshot_id: str
        snapshot_name: str
        due_at: datetime

        def apply(self, aggregate: "Volume") -> None:
            requested = ScheduledSnapshot(self.snapshot_id, self.snapshot_name, self.due_at)
            aggregate.scheduled = (*aggregate.scheduled, requested)
            aggregate.snapshots_until = self.due_at

    class SnapshotMissed(Aggregate.Event):
        """A moment of the schedule passed, and no snapshot was taken."""

        due_at: datetime
        count: int
        reason: str

        def apply(self, aggregate: "Volume") -> None:
            aggregate.snapshots_until = self.due_at

    class SnapshotDropped(Aggregate.Event):
        """A scheduled snapshot is not retained any more, or somebody has deleted it."""

        snapshot_id: str
        snapshot_name: str
        reason: str

        def apply(self, aggregate: "Volume") -> None:
            aggregate.scheduled = tuple(
                each for each in aggregate.scheduled if each.snapshot_id != self.snapshot_id
            )

    @classmethod
    def create(
        cls,
        account_id: str,
        name: str,
        size_gb: int | None,
        tags: Mapping[str, str],
        origin: Origin | None = None,
    ) -> Self:
        """Request a volume. Raises Invalid."""
        if size_gb is not None:
            values.between(size_gb, 1, MAX_SIZE_GB, "size_gb")
        volume = cls._create(
            cls.CreateRequested,
            account_id=account_id,
            name=values.name(name),
            size_gb=size_gb,
            tags=values.tags(tags),
            restored_from=asdict(origin) if origin else None,
        )
        volume.conditions.claims += volume.held_claims()
        return volume

    def attach(self, instance_id: str, instance_name: str, path: str) -> None:
        """Make the volume part of an instance. Raises BeingDeleted, VolumeNotRestored, VolumeInUse."""
        self.refuse_if_deleting()
        if self.origin is not None and not self.was_available:
            raise VolumeNotRestored(
                f"cannot attach volume {self.name}: it is being restored; wait until it is available"
            )
        self._refuse_if_attached(f"cannot attach volume {self.name}")
        self.trigger_event(self.Attached, instance_id=instance_id, instance_name=instance_name, path=path)

    def detach(self, instance_id: str) -> None:
        """Take the volume out of an instance. Raises VolumeNotAttached."""
        if self.attached_to != instance_id:
            raise VolumeNotAttached(f"cannot detach volume {self.name}: it is not attached to {instance_id}")
        self.trigger_event(self.Detached, instance_id=instance_id)

    def change_snapshot_policy(self, policy: SnapshotPolicy | None, now: datetime) -> None:
        """Set when snapshots are taken; None for never. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        if policy is not None:
            policy.check()
        if policy != self.snapshot_policy:
            asked = None if policy is None else policy.as_json()
            self.trigger_event(self.SnapshotPolicyChanged, policy=asked, changed_at=now)

    def note_snapshot(self, snapshot_id: str, snapshot_name: str, due_at: datetime) -> None:
        """Record a scheduled snapshot that was requested."""
        self.trigger_event(
            self.SnapshotRequested, snapshot_id=snapshot_id, snapshot_name=snapshot_name, due_at=due_at
        )

    def report_snapshot_missed(self, due_at: datetime, count: int, reason: str) -> None:
        """Record that this many moments, up to this one, passed without a snapshot."""
        if not self.is_deleting and due_at > self.snapshots_until:
            self.trigger_event(self.SnapshotMissed, due_at=due_at, count=count, reason=reason)

    def drop_snapshot(self, snapshot_id: str, reason: str) -> None:
        """Record that a scheduled snapshot is not retained any more, or was deleted."""
        found = [each for each in self.scheduled if each.snapshot_id == snapshot_id]
        for each in found:
            self.trigger_event(
                self.SnapshotDropped, snapshot_id=snapshot_id, snapshot_name=each.name, reason=reason
            )

    def delete(self, purges_at: datetime | None = None) -> None:
        """Request its deletion; refused on saving while a snapshot of it is taken. Raises VolumeInUse."""
        super().delete(purges_at)
        self.conditions.unused.append(copy_scope(self.public_id))

    def undelete(self, name: str | None = None) -> None:
        """Take it out of the trash; saving raises when its name is taken. Raises NotInTrash, Invalid, VolumeInUse."""
        self._refuse_if_attached(f"cannot restore volume {self.name}")
        self._undelete(self.name if name is None else values.name(name))

    def purge(self, reason: str) -> None:
        """Request that it is removed for good. Raises NotInTrash, VolumeInUse when it goes with a server."""
        self._refuse_if_attached(f"cannot purge volume {self.name}")
        super().purge(reason)
        self.conditions.unused.append(copy_scope(self.public_id))

    def trash_with_server(self, purges_at: datetime | None) -> None:
        """Move it to the trash with the server that it is attached to."""
        if not self.is_deleting:
            self.trigger_event(self.DeleteRequested, purges_at=purges_at)
            self.report_trashed()

    def undelete_with_server(self) -> None:
        """Take it out of the trash with the server that it is attached to."""
        if self.is_trashed:
            self._undelete(self.name)

    def end_with_server(self, server_id: str) -> None:
        """Request its deletion with the server that it is attached to; refused on saving as that of any volume."""
        self.detach(server_id)
        if self.is_trashed:
            self.purge(PURGED_WITH_SERVER)
        else:
            self.delete()

    def report_available(self) -> None:
        """Record that it exists, with the files it was restored from."""
        if not self.was_available and not self.is_deleting:
            self.conditions.releases += self._restore_claims()
        super().report_available()

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name and, until its files are restored, on the snapshot they come from."""
        claims = super().held_claims()
        return [*claims, *([] if self.was_available or not claims else self._restore_claims())]

    def _undelete(self, name: str) -> None:
        self.refuse_unless_restorable()
        self.trigger_event(self.Undeleted, name=name)
        self.conditions.claims += self.held_claims()

    def _restore_claims(self) -> list[Claim]:
        if self.origin is None:
            return []
        return [Claim(restore_scope(self.origin.snapshot_id), self.public_id, self.id, self.name)]

    def refuse_to_delete(self) -> None:
        """Raise VolumeInUse while it is attached."""
        self._refuse_if_attached(f"cannot delete volume {self.name}")

    def _refuse_if_attached(self, what: str) -> None:
        if self.attached_to is not None:
            kind = _kind_of(self.attached_to)
            remedy = "detach it first" if kind == "instance" else f"it goes with that {kind}"
            raise VolumeInUse(
                f"{what}: {kind} {self.attached_name} uses it; {remedy}",
                used_by=[{"kind": kind, "id": self.attached_to, "name": self.attached_name}],
            )


def _kind_of(resource_id: str) -> str:
    prefix = resource_id.partition("-")[0]
    return next((kind.KIND for kind in Aggregate.kinds.values() if prefix == kind.PREFIX), "instance")
