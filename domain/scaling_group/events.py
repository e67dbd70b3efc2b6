"""What happens to a scaling group, and what each event changes."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.scaling_group.attachment import Attachment
from domain.scaling_group.member import Member
from domain.scaling_group.members import Members
from domain.scaling_group.policies import Policies, parse
from domain.scaling_group.refresh import Refresh
from domain.scaling_group.settings import HealthPolicy, Size
from domain.scaling_group.template import Template, upcast, upcast_interface

if TYPE_CHECKING:
    from domain.scaling_group.aggregate import ScalingGroup


class Event(Aggregate.Event):
    """What happened to a scaling group."""


class CreateRequested(Aggregate.Created):
    """A group was requested."""

    class_version = 3

    account_id: str
    name: str
    template: dict[str, Any]
    min: int
    desired: int
    max: int
    keeping: dict[str, Any]
    load_balancers: list[dict[str, Any]]
    tags: dict[str, str]

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add how the programs of its instances were run."""
        upcast(payload)

    @staticmethod
    def upcast_v2_v3(payload: dict[str, Any]) -> None:
        """Add in which subnet and security groups its instances are."""
        upcast_interface(payload)

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.templates = {1: Template.from_json(self.template)}
        aggregate.template_version = 1
        aggregate.refreshing = None
        aggregate.size = Size(self.min, self.desired, self.max)
        aggregate.health_policy = HealthPolicy(**self.keeping)
        aggregate.attachments = [Attachment(**each) for each in self.load_balancers]
        aggregate.members = Members()
        aggregate.next_number = 1
        aggregate.failures = 0
        aggregate.retry_at = None
        aggregate.policies = Policies()
        aggregate.suspended = []
        aggregate.paused_by = []
        aggregate.last_out_at = aggregate.last_in_at = None
        aggregate.last_reason = None


class LoadBalancersChanged(Event):
    """Other load balancers send requests to its instances."""

    load_balancers: list[dict[str, Any]]

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.attachments = [Attachment(**each) for each in self.load_balancers]


class KeepingChanged(Event):
    """The health policy was replaced."""

    keeping: dict[str, Any]

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.health_policy = HealthPolicy(**self.keeping)


class InstanceLaunched(Event):
    """An instance was requested, in the same transaction."""

    instance_id: str
    instance_name: str
    number: int
    template_version: int
    reason: str
    launched_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        launched = Member(
            self.instance_id, self.instance_name, self.number, self.template_version, self.launched_at
        )
        aggregate.members = aggregate.members.put(launched)
        aggregate.next_number = self.number + 1


class InstanceEntered(Event):
    """An instance came into service."""

    instance_id: str
    instance_name: str
    entered_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        entered = replace(aggregate.members[self.instance_id], entered_at=self.entered_at)
        aggregate.members = aggregate.members.put(entered)
        aggregate.failures = 0
        aggregate.retry_at = None


class InstanceBecameUnhealthy(Event):
    """An instance is to be replaced."""

    instance_id: str
    instance_name: str
    reason: str
    is_dead: bool

    def apply(self, aggregate: "ScalingGroup") -> None:
        found = replace(aggregate.members[self.instance_id], unhealthy=self.reason, is_dead=self.is_dead)
        aggregate.members = aggregate.members.put(found)


class InstanceRecovered(Event):
    """An instance that was to be replaced serves again."""

    instance_id: str
    instance_name: str

    def apply(self, aggregate: "ScalingGroup") -> None:
        recovered = replace(aggregate.members[self.instance_id], unhealthy=None, is_dead=False)
        aggregate.members = aggregate.members.put(recovered)


class InstanceReleased(Event):
    """The termination of an instance was requested, in the same transaction."""

    instance_id: str
    instance_name: str
    reason: str

    def apply(self, aggregate: "ScalingGroup") -> None:
        leaving = replace(aggregate.members[self.instance_id], is_leaving=True)
        aggregate.members = aggregate.members.put(leaving)


class InstanceEnded(Event):
    """An instance is terminated; ``reason`` says why when the group had not requested it."""

    instance_id: str
    instance_name: str
    reason: str | None

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.members = aggregate.members.without(self.instance_id)


class ProtectionChanged(Event):
    """An instance is, or is not, exempt from termination when the group gets smaller."""

    instance_id: str
    instance_name: str
    is_protected: bool

    def apply(self, aggregate: "ScalingGroup") -> None:
        changed = replace(aggregate.members[self.instance_id], is_protected=self.is_protected)
        aggregate.members = aggregate.members.put(changed)


class LaunchesFailed(Event):
    """Instances end before they serve: the next launch waits."""

    reason: str
    failures: int
    retry_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.failures = self.failures
        aggregate.retry_at = self.retry_at


class SizeChanged(Event):
    """Somebody set the number of instances."""

    min: int
    desired: int
    max: int

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.size = Size(self.min, self.desired, self.max)


class PolicyChanged(Event):
    """A policy was added, or replaced the one of that name."""

    policy_name: str
    policy: dict[str, Any]
    changed_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        parsed = parse(self.policy_name, self.policy)
        aggregate.policies = aggregate.policies.put(self.policy_name, parsed, self.changed_at)
        aggregate.last_reason = None


class PolicyRemoved(Event):
    """A policy was removed."""

    policy_name: str

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.policies = aggregate.policies.without(self.policy_name)
        aggregate.last_reason = None


class Decided(Event):
    """Policies were evaluated, and the group grows, shrinks or, for another reason than before, stays.

    ``evidence`` holds what the decision was based on: per policy the readings and its proposal.
    """

    action: str
    desired_before: int
    desired: int
    reason: str
    policy_name: str | None
    evidence: dict[str, Any]
    decided_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.size = replace(aggregate.size, desired=self.desired)
        aggregate.last_reason = self.reason
        if self.action == "out":
            aggregate.last_out_at = self.decided_at
        elif self.action == "in":
            aggregate.last_in_at = self.decided_at


class ScheduleApplied(Event):
    """A scheduled action was due."""

    policy_name: str
    due_at: datetime
    min: int
    desired: int
    max: int

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.size = Size(self.min, self.desired, self.max)
        aggregate.policies = aggregate.policies.applied(self.policy_name, self.due_at)


class Suspended(Event):
    """Some processes of the group are suspended."""

    processes: list[str]

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.suspended = sorted({*aggregate.suspended, *self.processes})


class Resumed(Event):
    """Some processes of the group are resumed."""

    processes: list[str]

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.suspended = [each for each in aggregate.suspended if each not in self.processes]


class Paused(Event):
    """The plan of this name changes it or what it needs: until that ends, it decides nothing by itself."""

    plan: str

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.paused_by = [*aggregate.paused_by, self.plan]


class PauseEnded(Event):
    """A plan for which it paused has ended."""

    plan: str

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.paused_by = [each for each in aggregate.paused_by if each != self.plan]


class TemplateChanged(Event):
    """Instances are launched from another template from now on."""

    class_version = 3

    template: dict[str, Any]
    version: int

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add how the programs of its instances were run."""
        upcast(payload)

    @staticmethod
    def upcast_v2_v3(payload: dict[str, Any]) -> None:
        """Add in which subnet and security groups its instances are."""
        upcast_interface(payload)

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.templates = {**aggregate.templates, self.version: Template.from_json(self.template)}
        aggregate.template_version = self.version


class RefreshStarted(Event):
    """Every instance of an older template is to be replaced."""

    from_version: int
    to_version: int
    rolls_back: bool
    started_at: datetime

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.refreshing = Refresh(self.from_version, self.to_version, self.rolls_back, self.started_at)


class RefreshSucceeded(Event):
    """Every instance is of the template."""

    version: int

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.refreshing = None


class RefreshFailed(Event):
    """An instance of the new template failed; ``template_version`` is launched from now on."""

    class_version = 3

    reason: str
    template_version: int
    template: dict[str, Any]
    rolls_back: bool

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add how the programs of its instances were run."""
        upcast(payload)

    @staticmethod
    def upcast_v2_v3(payload: dict[str, Any]) -> None:
        """Add in which subnet and security groups its instances are."""
        upcast_interface(payload)

    def apply(self, aggregate: "ScalingGroup") -> None:
        failed = aggregate.refreshing
        aggregate.template_version = self.template_version
        aggregate.refreshing = failed.back(self.template_version) if failed and self.rolls_back else None


class RefreshCancelled(Event):
    """Somebody stopped the refresh; instances stay as they are."""

    def apply(self, aggregate: "ScalingGroup") -> None:
        aggregate.refreshing = None
