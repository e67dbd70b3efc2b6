"""Volumes keep files longer than the instance that writes them.

Rules
-----
* A volume is attached to one instance at a time, which must be stopped (a container cannot gain a mount while it runs).
* A volume in use cannot be deleted.
* A size, once given, is a real limit.
* A volume that is restored from a snapshot holds on to it until its files are there, and is available, and attached,
  only then.
* A volume cannot be deleted while a snapshot of it is taken.
* Snapshots of it can be taken by the clock: ``domain/snapshot/schedule.py`` has how.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict, Invalid
from domain.snapshot.aggregate import copy_scope
from domain.snapshot.elsewhere import restore_scope
from domain.snapshot.schedule import Snapshotted

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
    """cannot attach a volume before its files are there"""

    code = "volume_not_restored"


class VolumeNotAttached(Conflict):
    """cannot detach a volume that is not attached"""

    code = "volume_not_attached"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which volume of which snapshot a volume begins as."""

    snapshot_id: str
    snapshot_name: str
    volume_id: str


class Volume(Snapshotted):
    """One place for files."""

    PREFIX = "vol"

    class CreateRequested(Aggregate.Created):
        """A volume was asked for, empty or restored from a snapshot."""

        class_version = 2

        account_id: str
        name: str
        size_gb: int | None
        tags: dict[str, str]
        restored_from: dict[str, str] | None

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Let a volume of which nothing else is known have begun empty."""
            payload["restored_from"] = None

    class Attached(Aggregate.Event):
        """The volume is part of an instance."""

        instance_id: str
        instance_name: str
        path: str

    class Detached(Aggregate.Event):
        """The volume is part of no instance."""

        instance_id: str

    @classmethod
    def create(
        cls,
        account_id: str,
        name: str,
        size_gb: int | None,
        tags: Mapping[str, str],
        origin: Origin | None = None,
    ) -> Self:
        """Ask for a volume. Raises Invalid."""
        if size_gb is not None and not 1 <= size_gb <= MAX_SIZE_GB:
            raise Invalid(f"cannot make a volume of {size_gb} GB: use 1 to {MAX_SIZE_GB}", field="size_gb")
        volume = cls(
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

    def delete(self) -> None:
        """Give the files up; refused on saving while a snapshot of them is taken. Raises VolumeInUse."""
        super().delete()
        self.conditions.unused.append(copy_scope(self.public_id))

    def report_available(self) -> None:
        """Note that it is there, with the files it was restored from."""
        if not self.was_available and not self.is_deleting:
            self.conditions.releases += self._restore_claims()
        super().report_available()

    def held_claims(self) -> list[Claim]:
        """Return its name and, until its files are there, the snapshot they come from."""
        claims = super().held_claims()
        return [*claims, *([] if self.was_available or not claims else self._restore_claims())]

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

    @event(CreateRequested)
    def __init__(
        self,
        account_id: str,
        name: str,
        size_gb: int | None,
        tags: dict[str, str],
        restored_from: dict[str, str] | None,
    ) -> None:
        self._begin(account_id, name, tags)
        self._begin_snapshots()
        self.origin = None if restored_from is None else Origin(**restored_from)
        self.size_gb = size_gb
        self.attached_to: str | None = None
        self.attached_name: str | None = None

    @event(Attached)
    def _attached(self, instance_id: str, instance_name: str, path: str) -> None:  # noqa: ARG002 - the instance keeps the path
        self.attached_to = instance_id
        self.attached_name = instance_name

    @event(Detached)
    def _detached(self, instance_id: str) -> None:  # noqa: ARG002 - part of the fact
        self.attached_to = None
        self.attached_name = None


def _kind_of(resource_id: str) -> str:
    prefix = resource_id.partition("-")[0]
    return next((kind.KIND for kind in Aggregate.kinds.values() if prefix == kind.PREFIX), "instance")
