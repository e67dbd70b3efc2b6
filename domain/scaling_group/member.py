"""One instance of a group, and what is seen of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.scaling_group.settings import Keeping

Fate = Literal["starting", "serving", "unhealthy", "dead", "gone"]
"""``dead`` serves nothing and will not by itself; ``gone`` was terminated."""


@dataclass(frozen=True, slots=True)
class Member:
    """An instance as its group knows it."""

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
    """It serves nothing, and will not by itself."""
    is_protected: bool = False
    is_leaving: bool = False

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
    """What reads show of an instance; ``health`` is what its load balancers say, None without any."""

    status: str
    reason: str | None
    changed_at: datetime
    health: Literal["healthy", "unhealthy", "initial"] | None = None


def fate(member: Member, seen: SeenInstance, keeping: Keeping, now: datetime) -> tuple[Fate, str]:
    """Return how an instance fares, and why: a pure function.

    A program that ended is started again by the instance itself; the group steps in when that takes too long.
    """
    if seen.status in {"terminating", "terminated"}:
        return "gone", "it was terminated"
    if seen.status in {"stopping", "stopped"}:
        return "dead", "it was stopped" if seen.reason is None else f"it is stopped: {seen.reason}"
    if seen.status == "running":
        return _running(member, seen, keeping, now)
    # One that served gets the same time to come back.
    since = member.launched_at if member.entered_at is None else seen.changed_at
    if now < since + timedelta(seconds=keeping.grace_s):
        return "starting", ""
    why = f": {seen.reason}" if seen.reason else ""
    return "unhealthy", f"it is {seen.status} and did not run within {keeping.grace_s} s{why}"


def _running(member: Member, seen: SeenInstance, keeping: Keeping, now: datetime) -> tuple[Fate, str]:
    if seen.health in {None, "healthy"}:
        return "serving", ""
    has_time = now < member.launched_at + timedelta(seconds=keeping.grace_s)
    if keeping.health_check == "container":
        # Its load balancers do not judge it. But a new one should be sent requests before it counts.
        return ("starting" if has_time and member.entered_at is None else "serving"), ""
    if has_time or (seen.health != "unhealthy" and member.entered_at is not None):
        return "starting", ""
    why = "its health check fails" if seen.health == "unhealthy" else "no load balancer has found it healthy"
    return "unhealthy", why
