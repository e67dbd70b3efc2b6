"""What people create and delete: it is requested, becomes available, may fail, has tags, and is deleted.

Rules
-----
* A resource that is being deleted takes no change.
* It keeps its name until it is deleted.
* A failure is recorded once per reason, and ends when the resource becomes available.
"""

from collections.abc import Mapping

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.status import SETTLING


class BeingDeleted(Conflict):
    """cannot change a resource that is being deleted"""

    code = "being_deleted"


class Managed(Aggregate):
    """A resource that is created, reconciled and deleted. A kind adds its own events, the one that creates it first."""

    tags: dict[str, str]
    status: str
    status_reason: str | None
    is_deleting: bool
    was_available: bool

    def __init__(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        """Set what a new resource begins with; see ``Aggregate``."""
        super().__init__(account_id, name)
        self.tags = tags
        self.status = "creating"
        self.status_reason = None
        self.is_deleting = False
        self.was_available = False

    class BecameAvailable(Aggregate.Event):
        """It exists and works."""

        def apply(self, aggregate: "Managed") -> None:
            aggregate.was_available = True
            aggregate.set_status("available")

    class Failed(Aggregate.Event):
        """It cannot be reconciled at the moment."""

        reason: str

        def apply(self, aggregate: "Managed") -> None:
            aggregate.set_status("error", self.reason)

    class ImageAwaited(Aggregate.Event):
        """It waits for an image that is being built or fetched."""

        status: str
        reason: str

        def apply(self, aggregate: "Managed") -> None:
            aggregate.set_status(self.status, self.reason)

    class TagsChanged(Aggregate.Event):
        """Its tags were replaced."""

        tags: dict[str, str]

        def apply(self, aggregate: "Managed") -> None:
            aggregate.tags = self.tags

    class DeleteRequested(Aggregate.Event):
        """It is to be deleted."""

        def apply(self, aggregate: "Managed") -> None:
            aggregate.is_deleting = True
            aggregate.set_status("deleting")

    class Deleted(Aggregate.Event):
        """It does not exist any more."""

        def apply(self, aggregate: "Managed") -> None:
            aggregate.set_status("deleted")

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def delete(self) -> None:
        """Request its deletion. Raises what ``refuse_to_delete`` raises; may be repeated."""
        if not self.is_deleting:
            self.refuse_to_delete()
            self.trigger_event(self.DeleteRequested)

    def report_available(self) -> None:
        """Record that it exists and works."""
        if self.status != "available" and not self.is_deleting:
            self.trigger_event(self.BecameAvailable)

    def report_failed(self, reason: str) -> None:
        """Record why it cannot be reconciled; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_image_awaited(self, reason: str) -> None:
        """Record which image it waits for, and the progress; once per reason."""
        if reason != self.status_reason:
            later = "modifying" if self.was_available else "creating"
            status = self.status if self.status in SETTLING else later
            self.trigger_event(self.ImageAwaited, status=status, reason=reason)

    def report_deleted(self) -> None:
        """Record that it is deleted; releases its claims and erases its secrets."""
        if self.status != "deleted":
            self.conditions.releases += self.held_claims()
            self.conditions.erases += self.held_secrets()
            self.trigger_event(self.Deleted)

    def held_claims(self) -> list[Claim]:
        """Return the claim on its name, until it is deleted."""
        return [] if self.status == "deleted" else super().held_claims()

    def refuse_to_delete(self) -> None:
        """Raise the reason why it cannot be deleted, if a kind has one."""

    def refuse_if_deleting(self) -> None:
        """Raise BeingDeleted."""
        if self.is_deleting:
            kind = self.KIND.replace("_", " ")
            raise BeingDeleted(f"cannot change {kind} {self.name}: it is {self.status}")

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Set the status and its reason. For appliers: the status is changed by events only."""
        self.status = status
        self.status_reason = reason
