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
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict, Invalid

MAX_SIZE_GB = 16384


class VolumeDeleted(Conflict):
    """cannot change a volume that is being deleted"""

    code = "volume_deleted"


class VolumeInUse(Conflict):
    """cannot do that while the volume is attached"""

    code = "volume_in_use"


class VolumeNotAttached(Conflict):
    """cannot detach a volume that is not attached"""

    code = "volume_not_attached"


class Volume(Aggregate):
    """One place for files."""

    PREFIX = "vol"

    class CreateRequested(Aggregate.Created):
        """A volume was asked for."""

        account_id: str
        name: str
        size_gb: int | None
        tags: dict[str, str]

    class BecameAvailable(Aggregate.Event):
        """The volume is there."""

    class Failed(Aggregate.Event):
        """The volume cannot be brought in line at the moment."""

        reason: str

    class Attached(Aggregate.Event):
        """The volume is part of an instance."""

        instance_id: str
        instance_name: str
        path: str

    class Detached(Aggregate.Event):
        """The volume is part of no instance."""

        instance_id: str

    class TagsChanged(Aggregate.Event):
        """The tags are others."""

        tags: dict[str, str]

    class DeleteRequested(Aggregate.Event):
        """The volume and its files are not wanted any more."""

    class Deleted(Aggregate.Event):
        """The volume is gone."""

    @classmethod
    def create(cls, account_id: str, name: str, size_gb: int | None, tags: Mapping[str, str]) -> Self:
        """Ask for a volume. Raises Invalid."""
        if size_gb is not None and not 1 <= size_gb <= MAX_SIZE_GB:
            raise Invalid(f"cannot make a volume of {size_gb} GB: use 1 to {MAX_SIZE_GB}", field="size_gb")
        volume = cls(account_id=account_id, name=values.name(name), size_gb=size_gb, tags=values.tags(tags))
        volume.conditions.claims += volume.held_claims()
        return volume

    def attach(self, instance_id: str, instance_name: str, path: str) -> None:
        """Make the volume part of an instance. Raises VolumeDeleted, VolumeInUse."""
        self._refuse_if_deleted()
        self._refuse_if_attached(f"cannot attach volume {self.name}")
        self.trigger_event(self.Attached, instance_id=instance_id, instance_name=instance_name, path=path)

    def detach(self, instance_id: str) -> None:
        """Take the volume out of an instance. Raises VolumeNotAttached."""
        if self.attached_to != instance_id:
            raise VolumeNotAttached(f"cannot detach volume {self.name}: it is not attached to {instance_id}")
        self.trigger_event(self.Detached, instance_id=instance_id)

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises VolumeDeleted, Invalid."""
        self._refuse_if_deleted()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def delete(self) -> None:
        """Give the volume and its files up. Raises VolumeInUse."""
        if self.is_deleting:
            return
        self._refuse_if_attached(f"cannot delete volume {self.name}")
        self.trigger_event(self.DeleteRequested)

    def report_available(self) -> None:
        """Note that the volume is there."""
        if self.status != "available" and not self.is_deleting:
            self.trigger_event(self.BecameAvailable)

    def report_failed(self, reason: str) -> None:
        """Note why the volume cannot be brought in line; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_deleted(self) -> None:
        """Note that the volume is gone."""
        if self.status != "deleted":
            self.conditions.releases += self.held_claims()
            self.trigger_event(self.Deleted)

    def held_claims(self) -> list[Claim]:
        """Return its name."""
        return [] if self.status == "deleted" else super().held_claims()

    def _refuse_if_deleted(self) -> None:
        if self.is_deleting:
            raise VolumeDeleted(f"cannot change volume {self.name}: it is {self.status}")

    def _refuse_if_attached(self, what: str) -> None:
        if self.attached_to is not None:
            raise VolumeInUse(
                f"{what}: instance {self.attached_name} uses it; detach it first",
                used_by=[{"kind": "instance", "id": self.attached_to, "name": self.attached_name}],
            )

    @event(CreateRequested)
    def __init__(self, account_id: str, name: str, size_gb: int | None, tags: dict[str, str]) -> None:
        self.account_id = account_id
        self.name = name
        self.size_gb = size_gb
        self.tags = tags
        self.status = "creating"
        self.status_reason: str | None = None
        self.attached_to: str | None = None
        self.attached_name: str | None = None
        self.is_deleting = False
        self.was_available = False

    @event(BecameAvailable)
    def _became_available(self) -> None:
        self.was_available = True
        self.status = "available"
        self.status_reason = None

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "error"
        self.status_reason = reason

    @event(Attached)
    def _attached(self, instance_id: str, instance_name: str, path: str) -> None:  # noqa: ARG002 - the instance keeps the path
        self.attached_to = instance_id
        self.attached_name = instance_name

    @event(Detached)
    def _detached(self, instance_id: str) -> None:  # noqa: ARG002 - part of the fact
        self.attached_to = None
        self.attached_name = None

    @event(TagsChanged)
    def _tags_changed(self, tags: dict[str, str]) -> None:
        self.tags = tags

    @event(DeleteRequested)
    def _delete_requested(self) -> None:
        self.status = "deleting"
        self.status_reason = None
        self.is_deleting = True

    @event(Deleted)
    def _deleted(self) -> None:
        self.status = "deleted"
        self.status_reason = None
