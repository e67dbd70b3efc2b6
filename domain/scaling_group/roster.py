"""Which instances a group has, and how they fare."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from eventsourcing.domain import event

from domain.aggregate import Aggregate, Claim
from domain.errors import NotFound
from domain.instance.traffic import watch_scope
from domain.managed import Managed
from domain.scaling_group.member import Member, SeenInstance, fate
from domain.scaling_group.settings import Keeping
from domain.values import shown

FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 300


class Roster(Managed, is_abstract=True):
    """Keeps the members of a group."""

    keeping: Keeping

    class InstanceLaunched(Aggregate.Event):
        """An instance was asked for, in the same save as this."""

        instance_id: str
        instance_name: str
        number: int
        template_version: int
        reason: str
        launched_at: datetime

    class InstanceEntered(Aggregate.Event):
        """An instance came into service."""

        instance_id: str
        instance_name: str
        entered_at: datetime

    class InstanceBecameUnhealthy(Aggregate.Event):
        """An instance is to be replaced."""

        instance_id: str
        instance_name: str
        reason: str
        is_dead: bool

    class InstanceRecovered(Aggregate.Event):
        """An instance that was to be replaced serves again."""

        instance_id: str
        instance_name: str

    class InstanceReleased(Aggregate.Event):
        """An instance was asked to end, in the same save as this."""

        instance_id: str
        instance_name: str
        reason: str

    class InstanceEnded(Aggregate.Event):
        """An instance is gone; ``reason`` says why when the group had not asked for it."""

        instance_id: str
        instance_name: str
        reason: str | None

    class ProtectionChanged(Aggregate.Event):
        """An instance is, or is not, kept when the group gets smaller."""

        instance_id: str
        instance_name: str
        is_protected: bool

    class LaunchesFailed(Aggregate.Event):
        """Instances end before they serve: the next launch waits."""

        reason: str
        failures: int
        retry_at: datetime

    def protect(self, instance: str, *, is_protected: bool) -> None:
        """Keep an instance when the group gets smaller, or not any more. Raises NotFound, BeingDeleted."""
        self.refuse_if_deleting()
        member = self.member(instance)
        if member.is_protected != is_protected:
            self.trigger_event(
                self.ProtectionChanged,
                instance_id=member.instance_id,
                instance_name=member.name,
                is_protected=is_protected,
            )

    def member(self, id_or_name: str) -> Member:
        """Return an instance of the group. Raises NotFound."""
        for member in self.members.values():
            if id_or_name in {member.instance_id, member.name}:
                return member
        raise NotFound(
            f"cannot find {shown(id_or_name)} in {self.name}: show the group to see its instances",
            field="instance",
        )

    def note_launched(self, instance_id: str, name: str, number: int, reason: str, now: datetime) -> None:
        """Note that an instance is asked for, in the same save; what happens to it wakes the group."""
        self.conditions.claims.append(self.watch_claim(instance_id))
        self.trigger_event(
            self.InstanceLaunched,
            instance_id=instance_id,
            instance_name=name,
            number=number,
            template_version=self.template_version,
            reason=reason,
            launched_at=now,
        )

    def release(self, instance_id: str, reason: str, now: datetime) -> None:
        """Note that an instance is asked to end, in the same save."""
        member = self.members[instance_id]
        if member.is_leaving:
            return
        self.trigger_event(
            self.InstanceReleased, instance_id=instance_id, instance_name=member.name, reason=reason
        )
        if member.entered_at is None and member.unhealthy is not None:
            self._pause(f"{member.name}: {member.unhealthy}", now)

    def observe(self, seen: Mapping[str, SeenInstance], now: datetime, *, judges: bool) -> None:
        """Note how the instances fare. ``judges`` is whether unhealthy ones are told from healthy ones at present."""
        for member in list(self.members.values()):
            found = seen.get(member.instance_id)
            if found is None:
                continue  # reads are not as far yet as our own events
            if found.status == "terminated" or (found.status == "terminating" and not member.is_leaving):
                self._note_end(member, found, now)
            elif not member.is_leaving:
                self._note_health(member, found, now, judges=judges)

    def watch_claim(self, resource_id: str) -> Claim:
        """Return the claim by which a resource wakes the group."""
        return Claim(watch_scope(resource_id), f"{self.KIND}/{self.public_id}", self.id)

    def _note_end(self, member: Member, found: SeenInstance, now: datetime) -> None:
        reason = None if member.is_leaving else f"it is {found.status}, which the group had not asked for"
        known = {"instance_id": member.instance_id, "instance_name": member.name}
        self.conditions.releases.append(self.watch_claim(member.instance_id))
        self.trigger_event(self.InstanceEnded, **known, reason=reason)
        if reason is not None and member.entered_at is None:
            self._pause(f"{member.name}: it ended before it served", now)

    def _note_health(self, member: Member, found: SeenInstance, now: datetime, *, judges: bool) -> None:
        known = {"instance_id": member.instance_id, "instance_name": member.name}
        how, why = fate(member, found, self.keeping, now)
        if how == "serving":
            if member.unhealthy is not None:
                self.trigger_event(self.InstanceRecovered, **known)
            if member.entered_at is None:
                self.trigger_event(self.InstanceEntered, **known, entered_at=now)
        elif how != "starting" and member.unhealthy is None and judges:
            self.trigger_event(self.InstanceBecameUnhealthy, **known, reason=why, is_dead=how == "dead")

    def _pause(self, reason: str, now: datetime) -> None:
        """Let the next launch wait, the longer the more of them failed in a row."""
        failures = self.failures + 1
        pause = min(FIRST_PAUSE_S * 2 ** min(failures - 1, 10), LONGEST_PAUSE_S)
        retry_at = now + timedelta(seconds=pause)
        self.trigger_event(self.LaunchesFailed, reason=reason, failures=failures, retry_at=retry_at)

    def _begin_roster(self) -> None:
        self.members: dict[str, Member] = {}
        self.next_number = 1
        self.template_version = 1
        self.failures = 0
        self.retry_at: datetime | None = None

    def _change(self, instance_id: str, **changes: object) -> None:
        self.members = {**self.members, instance_id: replace(self.members[instance_id], **changes)}

    @event(InstanceLaunched)
    def _instance_launched(
        self,
        instance_id: str,
        instance_name: str,
        number: int,
        template_version: int,
        reason: str,  # noqa: ARG002 - for readers
        launched_at: datetime,
    ) -> None:
        member = Member(instance_id, instance_name, number, template_version, launched_at)
        self.members = {**self.members, instance_id: member}
        self.next_number = number + 1

    @event(InstanceEntered)
    def _instance_entered(self, instance_id: str, instance_name: str, entered_at: datetime) -> None:  # noqa: ARG002
        self._change(instance_id, entered_at=entered_at)
        self.failures = 0
        self.retry_at = None

    @event(InstanceBecameUnhealthy)
    def _instance_became_unhealthy(
        self,
        instance_id: str,
        instance_name: str,  # noqa: ARG002
        reason: str,
        is_dead: bool,  # noqa: FBT001
    ) -> None:
        self._change(instance_id, unhealthy=reason, is_dead=is_dead)

    @event(InstanceRecovered)
    def _instance_recovered(self, instance_id: str, instance_name: str) -> None:  # noqa: ARG002
        self._change(instance_id, unhealthy=None, is_dead=False)

    @event(InstanceReleased)
    def _instance_released(self, instance_id: str, instance_name: str, reason: str) -> None:  # noqa: ARG002
        self._change(instance_id, is_leaving=True)

    @event(InstanceEnded)
    def _instance_ended(self, instance_id: str, instance_name: str, reason: str | None) -> None:  # noqa: ARG002
        self.members = {id_: member for id_, member in self.members.items() if id_ != instance_id}

    @event(ProtectionChanged)
    def _protection_changed(self, instance_id: str, instance_name: str, is_protected: bool) -> None:  # noqa: ARG002, FBT001
        self._change(instance_id, is_protected=is_protected)

    @event(LaunchesFailed)
    def _launches_failed(self, reason: str, failures: int, retry_at: datetime) -> None:  # noqa: ARG002
        self.failures = failures
        self.retry_at = retry_at
