"""Volumes keep files longer than the instance that writes them.

Rules
-----
* A volume is attached to one instance at a time, which must be stopped (a container cannot gain a mount while it runs).
* A volume in use cannot be deleted.
* A size, once given, is a real limit.
"""

from collections.abc import Mapping
from typing import Self

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate
from domain.errors import Conflict, Invalid
from domain.managed import Managed

MAX_SIZE_GB = 16384


class VolumeInUse(Conflict):
    """cannot do that while the volume is attached"""

    code = "volume_in_use"


class VolumeNotAttached(Conflict):
    """cannot detach a volume that is not attached"""

    code = "volume_not_attached"


class Volume(Managed):
    """One place for files."""

    PREFIX = "vol"

    class CreateRequested(Aggregate.Created):
        """A volume was asked for."""

        account_id: str
        name: str
        size_gb: int | None
        tags: dict[str, str]

    class Attached(Aggregate.Event):
        """The volume is part of an instance."""

        instance_id: str
        instance_name: str
        path: str

    class Detached(Aggregate.Event):
        """The volume is part of no instance."""

        instance_id: str

    @classmethod
    def create(cls, account_id: str, name: str, size_gb: int | None, tags: Mapping[str, str]) -> Self:
        """Ask for a volume. Raises Invalid."""
        if size_gb is not None and not 1 <= size_gb <= MAX_SIZE_GB:
            raise Invalid(f"cannot make a volume of {size_gb} GB: use 1 to {MAX_SIZE_GB}", field="size_gb")
        volume = cls(account_id=account_id, name=values.name(name), size_gb=size_gb, tags=values.tags(tags))
        volume.conditions.claims += volume.held_claims()
        return volume

    def attach(self, instance_id: str, instance_name: str, path: str) -> None:
        """Make the volume part of an instance. Raises BeingDeleted, VolumeInUse."""
        self.refuse_if_deleting()
        self._refuse_if_attached(f"cannot attach volume {self.name}")
        self.trigger_event(self.Attached, instance_id=instance_id, instance_name=instance_name, path=path)

    def detach(self, instance_id: str) -> None:
        """Take the volume out of an instance. Raises VolumeNotAttached."""
        if self.attached_to != instance_id:
            raise VolumeNotAttached(f"cannot detach volume {self.name}: it is not attached to {instance_id}")
        self.trigger_event(self.Detached, instance_id=instance_id)

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
    def __init__(self, account_id: str, name: str, size_gb: int | None, tags: dict[str, str]) -> None:
        self._begin(account_id, name, tags)
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
