"""The trash: what is deleted is kept for a while, and can be restored.

Rules
-----
* A request to delete says until when the resource is kept. Without such a time, it is removed at once; so is what was
  never available, which has nothing to keep.
* In the trash, a resource holds neither its name nor its host ports nor its place in a VPC. Its files and its secrets
  are kept. It takes no change; it is restored or purged.
* To be restored, it takes its claims again, perhaps under another name.
* What is purged is removed for good. A purge that fails is reported once per reason, and retried.

``domain/instance`` has the same rules for instances, which are not ``Managed``.
"""

from datetime import datetime
from typing import Any

from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.managed import BeingDeleted, Managed

PURGED_ON_REQUEST = "somebody requested it"
PURGED_WITH_SERVER = "the server that it belongs to is purged"
KEPT_LONG_ENOUGH = "it was kept long enough"
ROOM_NEEDED = "the disk of the container engine has too little room"


class NotInTrash(Conflict):
    """cannot restore or purge a resource that is not in the trash"""

    code = "not_in_trash"


class Trashable(Managed):
    """A resource that is kept for a while after it is deleted."""

    purges_at: datetime | None
    """Until when it is kept, from the request to delete it on; None: it is not kept."""
    is_trashed: bool
    """Whether it is in the trash. Also while it is purged."""

    def __init__(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        """Set what a new resource begins with; see ``Aggregate``."""
        super().__init__(account_id, name, tags)
        self.purges_at = None
        self.is_trashed = False

    class DeleteRequested(Managed.DeleteRequested):
        """It is to be deleted, and kept in the trash until ``purges_at``; None: it is not kept."""

        class_version = 2

        purges_at: datetime | None

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Add that it was not kept: there was no trash."""
            payload["purges_at"] = None

        def apply(self, aggregate: Managed) -> None:
            super().apply(aggregate)
            if isinstance(aggregate, Trashable):
                aggregate.purges_at = self.purges_at

    class Trashed(Aggregate.Event):
        """It is in the trash. Its name is free; its files are kept."""

        def apply(self, aggregate: "Trashable") -> None:
            aggregate.is_trashed = True
            aggregate.set_status("trashed")

    class PurgeRequested(Aggregate.Event):
        """It is to be removed for good."""

        reason: str

        def apply(self, aggregate: "Trashable") -> None:
            aggregate.purges_at = None
            aggregate.set_status("purging", self.reason)

    class PurgeFailed(Aggregate.Event):
        """It cannot be removed at the moment."""

        reason: str

        def apply(self, aggregate: "Trashable") -> None:
            aggregate.set_status("purging", self.reason)

    def delete(self, purges_at: datetime | None = None) -> None:
        """Request its deletion, and until when it is kept. Raises what ``refuse_to_delete`` raises; may be repeated."""
        if not self.is_deleting:
            self.refuse_to_delete()
            kept_until = purges_at if self.has_contents else None
            self.trigger_event(self.DeleteRequested, purges_at=kept_until)

    def purge(self, reason: str) -> None:
        """Request that it is removed for good; may be repeated. Raises NotInTrash."""
        if not self.is_deleting:
            raise NotInTrash(f"cannot purge {self.name}: it is not in the trash; delete it first")
        if self.goes_to_trash:
            self.trigger_event(self.PurgeRequested, reason=reason)

    def report_trashed(self) -> None:
        """Record that it is in the trash; releases its claims, and keeps its secrets."""
        if self.goes_to_trash and not self.is_trashed:
            self.conditions.releases += self.held_claims()
            self.trigger_event(self.Trashed)

    def report_failed(self, reason: str) -> None:
        """Record why it cannot be reconciled; once per reason. In the trash, only a purge can fail."""
        if not self.is_trashed:
            super().report_failed(reason)
        elif self.status == "purging" and reason != self.status_reason:
            self.trigger_event(self.PurgeFailed, reason=reason)

    @property
    def goes_to_trash(self) -> bool:
        """Whether it is deleted and kept."""
        return self.is_deleting and self.purges_at is not None

    @property
    def has_contents(self) -> bool:
        """Whether there is anything to keep."""
        return self.was_available

    def held_claims(self) -> list[Claim]:
        """Return the claim on its name, until it is in the trash or deleted."""
        return [] if self.is_trashed else super().held_claims()

    def leave_trash(self) -> None:
        """Set the state of what was taken out of the trash. For appliers."""
        self.is_deleting = self.is_trashed = False
        self.purges_at = None
        self.set_status("restoring")

    def refuse_unless_restorable(self) -> None:
        """Raise NotInTrash unless it can be taken out of the trash."""
        refuse_unless_restorable(self.name, self.status)

    def refuse_if_deleting(self) -> None:
        """Raise BeingDeleted."""
        if self.status == "trashed":
            kind = self.KIND.replace("_", " ")
            raise BeingDeleted(f"cannot change {kind} {self.name}: it is in the trash; restore it first")
        super().refuse_if_deleting()


def refuse_unless_restorable(name: str, status: str) -> None:
    """Raise NotInTrash unless a resource with this status can be taken out of the trash."""
    if status in {"deleting", "terminating"}:
        raise NotInTrash(f"cannot restore {name}: it is being moved to the trash; retry in a moment")
    if status == "purging":
        raise NotInTrash(f"cannot restore {name}: it is being removed for good")
    if status in {"deleted", "terminated"}:
        raise NotInTrash(f"cannot restore {name}: it was removed for good")
    if status != "trashed":
        raise NotInTrash(f"cannot restore {name}: it is not in the trash, it is {status}")


def mount_scope(volume_id: str) -> str:
    """Return the scope that lists the instances in the trash that had a volume."""
    return f"trash-mount/{volume_id}"
