"""The life of what people create and delete: it is asked for, becomes available, may fail, has tags, and goes.

Rules
-----
* A resource that is being deleted takes no change.
* It keeps its name until it is gone.
* A failure is told once per reason, and heals by becoming available.
"""

from collections.abc import Mapping

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict


class BeingDeleted(Conflict):
    """cannot change what is being deleted"""

    code = "being_deleted"


class Managed(Aggregate, is_abstract=True):
    """What is created, kept in line, and deleted. A kind adds how it is asked for, and ``_begin`` in its applier."""

    class BecameAvailable(Aggregate.Event):
        """It is there and works."""

    class Failed(Aggregate.Event):
        """It cannot be brought in line at the moment."""

        reason: str

    class TagsChanged(Aggregate.Event):
        """The tags are others."""

        tags: dict[str, str]

    class DeleteRequested(Aggregate.Event):
        """It is not wanted any more."""

    class Deleted(Aggregate.Event):
        """It is gone."""

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def delete(self) -> None:
        """Give it up. Raises what the kind says against that; once asked for, asking again is fine."""
        if not self.is_deleting:
            self.refuse_to_delete()
            self.trigger_event(self.DeleteRequested)

    def report_available(self) -> None:
        """Note that it is there."""
        if self.status != "available" and not self.is_deleting:
            self.trigger_event(self.BecameAvailable)

    def report_failed(self, reason: str) -> None:
        """Note why it cannot be brought in line; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_deleted(self) -> None:
        """Note that it is gone; gives back what it held and forgets its secrets."""
        if self.status != "deleted":
            self.conditions.releases += self.held_claims()
            self.conditions.erases += self.held_secrets()
            self.trigger_event(self.Deleted)

    def held_claims(self) -> list[Claim]:
        """Return its name, until it is gone."""
        return [] if self.status == "deleted" else super().held_claims()

    def refuse_to_delete(self) -> None:
        """Raise what stands against deleting it; a kind that knows of something overrides this."""

    def refuse_if_deleting(self) -> None:
        """Raise BeingDeleted."""
        if self.is_deleting:
            kind = self.KIND.replace("_", " ")
            raise BeingDeleted(f"cannot change {kind} {self.name}: it is {self.status}")

    def _begin(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        self.account_id = account_id
        self.name = name
        self.tags = tags
        self.status = "creating"
        self.status_reason: str | None = None
        self.is_deleting = False
        self.was_available = False

    def _turn(self, status: str, reason: str | None = None) -> None:
        self.status = status
        self.status_reason = reason

    @event(BecameAvailable)
    def _became_available(self) -> None:
        self.was_available = True
        self._turn("available")

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self._turn("error", reason)

    @event(TagsChanged)
    def _tags_changed(self, tags: dict[str, str]) -> None:
        self.tags = tags

    @event(DeleteRequested)
    def _delete_requested(self) -> None:
        self.is_deleting = True
        self._turn("deleting")

    @event(Deleted)
    def _deleted(self) -> None:
        self._turn("deleted")
