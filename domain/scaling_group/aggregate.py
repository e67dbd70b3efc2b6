"""The rules of a scaling group.

Rules
-----
* A group has as many instances as desired, never fewer than min, never more than max, except for those that are about
  to replace others.
* Its instances are launched from its template, in its VPC, under names of the group; other instances are not touched.
* What it decides by itself is an event with the numbers that the decision was based on.
* A refresh replaces every instance of an older template, a few at a time, each only when another one serves in its
  place. When an instance of the new template fails, the refresh fails and is rolled back, or stops.
* A deleted group terminates its instances first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from domain import values, vpc
from domain.aggregate import Claim
from domain.errors import Conflict, NotFound
from domain.managed import Managed
from domain.scaling_group import attachment, events
from domain.scaling_group import policies as kinds
from domain.scaling_group.attachment import Attachment
from domain.scaling_group.decision import decide
from domain.scaling_group.measure import Decision, GroupState, Reading
from domain.scaling_group.member import Member, SeenInstance, assess
from domain.scaling_group.members import Members, pause
from domain.scaling_group.policies import Dynamic, Policies
from domain.scaling_group.refresh import Refresh, RefreshRuns
from domain.scaling_group.settings import HealthPolicy, Size, paused, processes
from domain.scaling_group.spec import GroupSpec, check_health
from domain.scaling_group.template import Template
from domain.status import GONE
from domain.watch import watch_scope


class ScalingGroup(Managed):
    """One group."""

    PREFIX = "asg"

    templates: dict[int, Template]
    """Every template it ever had, by version."""
    template_version: int
    refreshing: Refresh | None
    size: Size
    health_policy: HealthPolicy
    attachments: list[Attachment]
    members: Members
    next_number: int
    """The number in the name of the next instance."""
    failures: int
    """How many launches in a row failed."""
    retry_at: datetime | None
    policies: Policies
    suspended: list[str]
    paused_by: list[str]
    """The names of the plans that change it or what it needs."""
    last_out_at: datetime | None
    last_in_at: datetime | None
    last_reason: str | None
    """The reason of the last decision; None when the policies changed after it."""

    Event = events.Event
    CreateRequested = events.CreateRequested
    LoadBalancersChanged = events.LoadBalancersChanged
    KeepingChanged = events.KeepingChanged
    InstanceLaunched = events.InstanceLaunched
    InstanceEntered = events.InstanceEntered
    InstanceBecameUnhealthy = events.InstanceBecameUnhealthy
    InstanceRecovered = events.InstanceRecovered
    InstanceReleased = events.InstanceReleased
    InstanceEnded = events.InstanceEnded
    ProtectionChanged = events.ProtectionChanged
    LaunchesFailed = events.LaunchesFailed
    SizeChanged = events.SizeChanged
    PolicyChanged = events.PolicyChanged
    PolicyRemoved = events.PolicyRemoved
    Decided = events.Decided
    ScheduleApplied = events.ScheduleApplied
    Suspended = events.Suspended
    Resumed = events.Resumed
    Paused = events.Paused
    PauseEnded = events.PauseEnded
    TemplateChanged = events.TemplateChanged
    RefreshStarted = events.RefreshStarted
    RefreshSucceeded = events.RefreshSucceeded
    RefreshFailed = events.RefreshFailed
    RefreshCancelled = events.RefreshCancelled

    @classmethod
    def create(cls, spec: GroupSpec, environment: Mapping[str, str]) -> Self:
        """Request a group. Raises Invalid."""
        spec.check(environment)
        group = cls._create(
            cls.CreateRequested,
            account_id=spec.account_id,
            name=spec.name,
            template=spec.template.as_json(),
            min=spec.size.min,
            desired=spec.size.desired,
            max=spec.size.max,
            keeping=spec.health_policy.as_json(),
            load_balancers=[each.as_json() for each in spec.attachments],
            tags=values.tags(spec.tags),
        )
        group.conditions.claims += group.held_claims()
        group.conditions.requires.append(vpc.alive_claim(group.template.vpc_id))
        return group

    @property
    def template(self) -> Template:
        """What is launched now."""
        return self.templates[self.template_version]

    @property
    def dynamic(self) -> list[Dynamic]:
        """The policies that follow a metric, by name."""
        return self.policies.dynamic

    # What people request.

    def resize(self, size: Size) -> None:
        """Set the number of instances. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        size.check()
        if size != self.size:
            self.trigger_event(self.SizeChanged, min=size.min, desired=size.desired, max=size.max)

    def change_health_policy(self, policy: HealthPolicy) -> None:
        """Replace the health policy. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        check_health(policy, self.attachments)
        if policy != self.health_policy:
            self.trigger_event(self.KeepingChanged, keeping=policy.as_json())

    def attach(self, attachments: Sequence[Attachment]) -> None:
        """Replace the load balancers that send requests to its instances. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        attachment.check(attachments)
        check_health(self.health_policy, attachments)
        if not attachments:
            self.policies.check_unbalanced()
        if list(attachments) != self.attachments:
            before = self._balancer_claims()
            changed = [each.as_json() for each in attachments]
            self.trigger_event(self.LoadBalancersChanged, load_balancers=changed)
            after = self._balancer_claims()
            self.conditions.claims += [claim for claim in after if claim not in before]
            self.conditions.releases += [claim for claim in before if claim not in after]

    def protect(self, instance: str, *, is_protected: bool) -> None:
        """Exempt an instance from termination when the group gets smaller, or not. Raises NotFound, BeingDeleted."""
        self.refuse_if_deleting()
        member = self.member(instance)
        if member.is_protected != is_protected:
            self.trigger_event(self.ProtectionChanged, **member.as_fields(), is_protected=is_protected)

    def member(self, id_or_name: str) -> Member:
        """Return an instance of the group. Raises NotFound."""
        return self.members.find(id_or_name, self.name)

    def put_policy(self, name: str, given: Mapping[str, Any], now: datetime) -> None:
        """Add a policy, or replace the one of that name. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        policy = kinds.policy(name, given)
        self.policies.check_new(policy, self.size, self.name, is_balanced=bool(self.attachments))
        if self.policies.get(name) != policy:
            self.trigger_event(self.PolicyChanged, policy_name=name, policy=policy.as_json(), changed_at=now)

    def remove_policy(self, name: str) -> None:
        """Remove a policy. Raises NotFound, BeingDeleted."""
        self.refuse_if_deleting()
        if name not in self.policies:
            raise NotFound(
                f"cannot find the policy {values.shown(name)} of {self.name}: show the group to see them"
            )
        self.trigger_event(self.PolicyRemoved, policy_name=name)

    def suspend(self, named: list[str]) -> None:
        """Suspend processes, all of them when none is named. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if new := [each for each in processes(named) if each not in self.suspended]:
            self.trigger_event(self.Suspended, processes=new)

    def resume(self, named: list[str]) -> None:
        """Resume processes, all of them when none is named. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        if old := [each for each in processes(named) if each in self.suspended]:
            self.trigger_event(self.Resumed, processes=old)

    def is_suspended(self, process: str) -> bool:
        """Return whether a process is suspended, perhaps by a plan."""
        rests = paused(self.paused_by, is_refreshing=self.refreshing is not None)
        return process in self.suspended or process in rests

    def change_template(self, changes: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Launch from another template from now on. Raises Invalid, RefreshRuns, BeingDeleted."""
        self.refuse_if_deleting()
        self._refuse_while_refreshing("change the template of")
        template = replace(self.template, **changes)
        template.check(environment)
        if template != self.template:
            self.trigger_event(
                self.TemplateChanged, template=template.as_json(), version=max(self.templates) + 1
            )

    def refresh(self, *, rolls_back: bool, now: datetime) -> None:
        """Replace every instance of an older template. Raises RefreshRuns, Conflict, BeingDeleted."""
        self.refuse_if_deleting()
        self._refuse_while_refreshing("refresh")
        versions = {member.template_version for member in self.members.values()}
        if not versions - {self.template_version}:
            raise Conflict(
                f"cannot refresh {self.name}: every instance is of its template already; change that first"
            )
        self.trigger_event(
            self.RefreshStarted,
            from_version=max(versions - {self.template_version}),
            to_version=self.template_version,
            rolls_back=rolls_back,
            started_at=now,
        )

    def cancel_refresh(self) -> None:
        """Stop the refresh; instances stay as they are. Raises Conflict."""
        if self.refreshing is None:
            raise Conflict(f"cannot cancel: no refresh of {self.name} runs")
        self.trigger_event(self.RefreshCancelled)

    # What its manager reports, and what follows.

    def note_launched(self, instance_id: str, name: str, number: int, reason: str, now: datetime) -> None:
        """Record that an instance is requested, in the same transaction; the group watches it."""
        self.conditions.claims.append(self._watch_claim(instance_id))
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
        """Record that the termination of an instance is requested, in the same transaction."""
        member = self.members[instance_id]
        if member.is_leaving:
            return
        self.trigger_event(self.InstanceReleased, **member.as_fields(), reason=reason)
        if member.entered_at is None and member.unhealthy is not None:
            self.note_not_launched(f"{member.name}: {member.unhealthy}", now)

    def observe(self, seen: Mapping[str, SeenInstance], now: datetime, *, judges: bool) -> None:
        """Record the health of the instances; with ``judges``, also that one became unhealthy."""
        for member in list(self.members.values()):
            found = seen.get(member.instance_id)
            if found is None:
                continue  # the read model does not have it yet
            if found.status in GONE or (found.status == "terminating" and not member.is_leaving):
                self._note_end(member, found, now)
            elif not member.is_leaving:
                self._note_health(member, found, now, judges=judges)

    def follow_refresh(self) -> None:
        """Record that the refresh is complete, or that it failed and what follows."""
        running, members = self.refreshing, self.members.values()
        if running is None or self.is_deleting:
            return
        if (failed := running.failed(members)) is not None:
            version = running.version_after_failure
            self.trigger_event(
                self.RefreshFailed,
                reason=f"{failed.name}: {failed.unhealthy}",
                template_version=version,
                template=self.templates[version].as_json(),
                rolls_back=running.rolls_back,
            )
        elif running.is_complete(members):
            self.trigger_event(self.RefreshSucceeded, version=running.to_version)

    def is_outdated(self, member: Member) -> bool:
        """Return whether a refresh is to replace an instance."""
        return self.refreshing is not None and self.refreshing.replaces(member)

    def report_state(self, failing: str | None) -> None:
        """Record whether the desired instances serve; ``failing`` says why one does not come into service."""
        if self.is_deleting:
            return
        if failing is not None:
            self.report_failed(failing)
        elif self.members.serving >= self.size.desired:
            self.report_available()

    def state_at(self, now: datetime) -> GroupState:
        """Return what policies decide on, besides readings."""
        entered = (None if each.unhealthy else each.entered_at for each in self.members.staying)
        return GroupState(
            self.size.desired,
            self.size.min,
            self.size.max,
            tuple(entered),
            self.last_out_at,
            self.last_in_at,
            now,
            self.is_suspended("scaling"),
        )

    def scale(self, readings: Mapping[str, Sequence[Reading]], now: datetime) -> Decision | None:
        """Decide by the policies; record an action, or a new reason for none."""
        if not self.dynamic or self.is_deleting:
            return None
        state = self.state_at(now)
        decision = decide(self.dynamic, readings, state)
        if decision.action != "hold" or decision.reason != self.last_reason:
            self.trigger_event(
                self.Decided,
                action=decision.action,
                desired_before=self.size.desired,
                desired=decision.desired,
                reason=decision.reason,
                policy_name=decision.policy,
                evidence=decision.evidence(readings, state),
                decided_at=now,
            )
        return decision

    def apply_schedules(self, now: datetime) -> None:
        """Set the sizes of scheduled actions whose time has come."""
        if self.is_deleting or self.is_suspended("schedules"):
            return
        for action, due_at in self.policies.due(now):
            size = action.sizes(self.size)
            self.trigger_event(
                self.ScheduleApplied,
                policy_name=action.name,
                due_at=due_at,
                min=size.min,
                desired=size.desired,
                max=size.max,
            )

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC, and the load balancers and instances that it watches."""
        if self.status == "deleted":
            return []
        place = vpc.use_claim(self.template.vpc_id, self)
        members = [self._watch_claim(member_id) for member_id in self.members]
        return [*super().held_claims(), place, *self._balancer_claims(), *members]

    def held_secrets(self) -> list[UUID]:
        """Return where the values of its templates' environments are."""
        if self.status == "deleted":
            return []
        return [UUID(id_) for id_ in {t.environment_id for t in self.templates.values()} if id_ is not None]

    def _balancer_claims(self) -> list[Claim]:
        return [self._watch_claim(id_) for id_ in dict.fromkeys(a.load_balancer_id for a in self.attachments)]

    def _watch_claim(self, resource_id: str) -> Claim:
        """Return the claim by which a resource wakes the group."""
        return Claim(watch_scope(resource_id), f"{self.KIND}/{self.public_id}", self.id)

    def _note_end(self, member: Member, found: SeenInstance, now: datetime) -> None:
        reason = None if member.is_leaving else f"it is {found.status}, which the group had not requested"
        self.conditions.releases.append(self._watch_claim(member.instance_id))
        self.trigger_event(self.InstanceEnded, **member.as_fields(), reason=reason)
        if reason is not None and member.entered_at is None:
            self.note_not_launched(f"{member.name}: it ended before it served", now)

    def _note_health(self, member: Member, found: SeenInstance, now: datetime, *, judges: bool) -> None:
        health, reason = assess(member, found, self.health_policy, now)
        if health == "serving":
            if member.unhealthy is not None:
                self.trigger_event(self.InstanceRecovered, **member.as_fields())
            if member.entered_at is None:
                self.trigger_event(self.InstanceEntered, **member.as_fields(), entered_at=now)
        elif health != "starting" and member.unhealthy is None and judges:
            told = {"reason": reason, "is_dead": health == "dead"}
            self.trigger_event(self.InstanceBecameUnhealthy, **member.as_fields(), **told)

    def note_not_launched(self, reason: str, now: datetime) -> None:
        """Record why an instance cannot be launched; the next attempt follows after a pause."""
        failures = self.failures + 1
        retry_at = now + pause(failures)
        self.trigger_event(self.LaunchesFailed, reason=reason, failures=failures, retry_at=retry_at)

    def _refuse_while_refreshing(self, what: str) -> None:
        if self.refreshing is not None:
            raise RefreshRuns(
                f"cannot {what} {self.name}: a refresh to template {self.refreshing.to_version} runs; wait or cancel it"
            )
