"""A scaling group whose instances and clock are controlled by a test."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.scaling_group import GroupSpec, HealthPolicy, Plan, ScalingGroup, Size, Template, plan
from domain.scaling_group.measure import GroupState, Reading
from domain.scaling_group.member import STEADY_S, SeenInstance
from domain.scaling_group.policies import Pace, TargetTracking
from domain.values import public_id
from tests.domain.pretended import told

VPC = UUID(int=7)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEMPLATE = Template("miniaws/hello:local", public_id("vpc", VPC), "default")
PACE = Pace(warmup_s=60, cooldown_s=300, period_s=60, periods_out=3, periods_in=5)
CPU = TargetTracking("cpu", "cpu", 50, PACE)
GRACE_S = 60


def spec(**changes: Any) -> GroupSpec:
    return replace(
        GroupSpec("main", "web", TEMPLATE, Size(1, 2, 10), HealthPolicy(grace_s=GRACE_S)), **changes
    )


def standing(entered_s_ago: Sequence[float | None], **changes: Any) -> GroupState:
    """Return the state of a group whose instances came into service some time ago."""
    entered = tuple(None if ago is None else NOW - timedelta(seconds=ago) for ago in entered_s_ago)
    return replace(GroupState(len(entered), 1, 10, entered, None, None, NOW), **changes)


def measured(*averages: float | None, instances: int = 1, period_s: int = 60) -> list[Reading]:
    """Return readings of the newest periods, the oldest first; None is a period without data."""
    first = NOW - timedelta(seconds=period_s * len(averages))
    return [
        Reading(
            first + timedelta(seconds=period_s * index),
            instances,
            0 if value is None else instances,
            value,
        )
        for index, value in enumerate(averages)
    ]


@dataclass
class Pretended:
    """A group, its clock, and its observed instances."""

    group: ScalingGroup = field(default_factory=lambda: ScalingGroup.create(spec(), {}))
    now: datetime = NOW
    seen: dict[str, SeenInstance] = field(default_factory=dict[str, SeenInstance])
    ill: set[str] = field(default_factory=set[str])
    """Instances that cannot come into service."""

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def see(self, status: str, *names: str, reason: str | None = None, health: Any = None) -> None:
        """Set the observed state of instances, of all without a name; running ones have run long enough to count."""
        since = self.now - timedelta(seconds=STEADY_S if status == "running" else 0)
        for member in self.group.members.values():
            if member.name in names or not (names or member.is_leaving):
                self.seen[member.instance_id] = SeenInstance(status, reason, since, health)

    def observe(self) -> list[str]:
        """Observe the instances, and return the events of the group."""
        self.group.observe(self.seen, self.now, judges=not self.group.is_suspended("health"))
        self.group.follow_refresh()
        return told(self.group)

    def plan(self) -> Plan:
        return plan(self.group, self.now)

    def carry_out(self) -> Plan:
        """Carry out the plan: launched instances are pending, terminated ones are gone."""
        steps = self.plan()
        for release in steps.releases:
            self.group.release(release.instance_id, release.reason, self.now)
            self.seen[release.instance_id] = SeenInstance("terminated", None, self.now)
        for _ in range(steps.launches):
            number = self.group.next_number
            id_ = public_id("i", UUID(int=number))
            self.group.note_launched(id_, f"{self.group.name}-{number}", number, steps.reason, self.now)
            self.seen[id_] = SeenInstance("pending", None, self.now)
        return steps

    def settle(self) -> None:
        """Run every healthy instance until nothing is left to do."""
        for _ in range(100):
            steps = self.carry_out()
            for member in self.group.members.values():
                if member.instance_id not in self.ill and self.seen[member.instance_id].status == "pending":
                    self.seen[member.instance_id] = SeenInstance("running", None, self.now, "healthy")
            if not self.observe() and not steps.launches and not steps.releases:
                return
            self.wait(1)
        raise AssertionError("it does not settle")

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.group.members.values()]

    @property
    def serving(self) -> int:
        """How many instances are really running, whatever the group assumes."""
        return sum(self.seen[id_].status == "running" for id_ in self.group.members)


def running(**changes: Any) -> Pretended:
    """Return a group whose instances are in service."""
    found = Pretended(ScalingGroup.create(spec(**changes), {}))
    found.settle()
    return found
