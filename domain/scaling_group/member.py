"""One instance of a group, and its health."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.scaling_group.settings import HealthPolicy
from domain.status import GONE

STARTUP_S = 60
"""Minimum time that an instance has to come into service; the group's grace period may be longer.

A grace period starts when an instance is in service, as in AWS. Without a minimum for starting, a group with a grace
period of zero would terminate each instance before it can run, and launch another one, in a loop.
"""
RESTART_S = 10
"""How long an instance that fails, or whose program ended, has to run again; the grace period may be longer."""
STEADY_S = 1
"""How long an instance that no load balancer checks runs before it is in service: its program may end at once."""
MemberHealth = Literal["starting", "serving", "unhealthy", "dead", "gone"]
"""``dead`` serves nothing and will not recover by itself; ``gone`` was terminated, even if it is kept in the trash."""


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a group."""

    instance_id: str
    name: str
    number: int
    template_version: int
    launched_at: datetime
    entered_at: datetime | None = None
    """When it came into service."""
    unhealthy: str | None = None
    """Why it is to be replaced."""
    is_dead: bool = False
    """It serves nothing, and will not recover by itself."""
    is_protected: bool = False
    is_leaving: bool = False

    def as_fields(self) -> dict[str, str]:
        """Return the fields by which events name it."""
        return {"instance_id": self.instance_id, "instance_name": self.name}

    @property
    def serves(self) -> bool:
        """Whether it is in service and stays there."""
        return self.entered_at is not None and self.unhealthy is None and not self.is_leaving

    @property
    def serves_nothing(self) -> bool:
        """Whether it is to be replaced, and nothing is lost when it ends first."""
        return self.unhealthy is not None and (self.is_dead or self.entered_at is None)


@dataclass(frozen=True, slots=True)
class SeenInstance:
    """An instance as the read model shows it; ``health`` is that of its load balancers, None without any."""

    status: str
    reason: str | None
    changed_at: datetime
    health: Literal["healthy", "unhealthy", "initial"] | None = None


def assess(
    member: Member, seen: SeenInstance, policy: HealthPolicy, now: datetime
) -> tuple[MemberHealth, str]:
    """Return the health of an instance and the reason: a pure function.

    The instance itself starts a program again that ended; the group replaces it when that takes too long.
    """
    if seen.status in {"terminating", *GONE}:
        return "gone", "it was terminated"
    if seen.status in {"stopping", "stopped"}:
        return "dead", "it was stopped" if seen.reason is None else f"it is stopped: {seen.reason}"
    if seen.status == "running":
        return _running(member, seen, policy, now)
    # One that served gets time to come back.
    since = member.launched_at if member.entered_at is None else seen.changed_at
    is_new = member.entered_at is None and seen.status != "error"
    timeout_s = max(policy.grace_s, STARTUP_S if is_new else RESTART_S)
    if now < since + timedelta(seconds=timeout_s):
        return "starting", ""
    why = f": {seen.reason}" if seen.reason else ""
    return "unhealthy", f"it is {seen.status} and did not run within {timeout_s} s{why}"


def _running(
    member: Member, seen: SeenInstance, policy: HealthPolicy, now: datetime
) -> tuple[MemberHealth, str]:
    if seen.health is None:
        is_steady = member.entered_at is not None or now >= seen.changed_at + timedelta(seconds=STEADY_S)
        return ("serving" if is_steady else "starting"), ""
    if seen.health == "healthy":
        return "serving", ""
    has_time = now < _judged_from(member, policy)
    if policy.health_check == "container":
        # Its load balancers do not judge it. But a new one should be sent requests before it counts.
        return ("starting" if has_time and member.entered_at is None else "serving"), ""
    if has_time or (seen.health != "unhealthy" and member.entered_at is not None):
        return "starting", ""
    why = "its health check fails" if seen.health == "unhealthy" else "no load balancer has found it healthy"
    return "unhealthy", why


def _judged_from(member: Member, policy: HealthPolicy) -> datetime:
    """Return from when on load balancers judge an instance that runs."""
    if member.entered_at is not None:
        return member.entered_at + timedelta(seconds=policy.grace_s)
    return member.launched_at + timedelta(seconds=max(policy.grace_s, STARTUP_S))
