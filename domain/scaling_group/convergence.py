"""What to launch and what to terminate, so that a group has its size in healthy instances of its newest template.

A pure function of the group and the time. Its invariants:

* Of the instances that serve, none is terminated for being unhealthy or outdated before another one serves in its
  place, so an overloaded group is never torn down. Beyond the desired size, at most the share that is replaced at once
  runs.
* An instance that serves nothing (stopped by hand, or never in service) is terminated at once; a protected instance is
  not terminated to make a group smaller.
* Nothing is launched during the pause after a failed launch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.scaling_group.aggregate import ScalingGroup
from domain.scaling_group.member import Member


@dataclass(frozen=True, slots=True)
class Release:
    """An instance to terminate, and why."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The next launches and terminations."""

    launches: int = 0
    reason: str = ""
    """Why instances are launched."""
    releases: tuple[Release, ...] = ()
    waits_until: datetime | None = None
    """When the pause ends."""


def plan(group: ScalingGroup, now: datetime) -> Plan:
    """Return what to do next; see the module's invariants."""
    alive = group.members.staying
    if group.is_deleting:
        return Plan(releases=tuple(Release(m.instance_id, "the group is being deleted") for m in alive))
    dead = [member for member in alive if member.serves_nothing]
    alive = [member for member in alive if member not in dead]
    replaced = _to_replace(group, alive)
    extra = min(group.health_policy.at_once(group.size.desired), len(replaced))
    releases = [Release(member.instance_id, member.unhealthy or "") for member in dead]
    releases += _releases(group, alive, replaced, extra)
    missing = max(0, group.size.desired + extra - len(alive))
    if group.is_suspended("terminate"):
        releases = []
    if missing == 0 or group.is_suspended("launch"):
        return Plan(releases=tuple(releases))
    if group.retry_at is not None and now < group.retry_at:
        return Plan(releases=tuple(releases), waits_until=group.retry_at)
    reason = "replaces another one" if len(alive) >= group.size.desired else "the group has too few"
    return Plan(missing, reason, tuple(releases))


def _to_replace(group: ScalingGroup, alive: Sequence[Member]) -> list[Member]:
    """Return the unhealthy instances, then those that a refresh replaces; the oldest first."""
    unhealthy = [member for member in alive if member.unhealthy]
    outdated = [member for member in alive if not member.unhealthy and group.is_outdated(member)]
    return sorted(unhealthy, key=_age) + sorted(outdated, key=_age)


def _releases(
    group: ScalingGroup, alive: Sequence[Member], replaced: Sequence[Member], extra: int
) -> list[Release]:
    desired = group.size.desired
    surplus = len(alive) - (desired + extra)
    if surplus > 0:
        order = [member for member in _order(group, alive, replaced) if not member.is_protected]
        return [Release(member.instance_id, "the group has too many") for member in order[:surplus]]
    serving = [member for member in alive if member.serves and member not in replaced]
    spare = len(serving) + len(replaced) - desired
    # Those that do not serve anyway are terminated first; the others only for one that serves in their place.
    return [Release(member.instance_id, _why(member)) for member in replaced[: max(0, spare)]]


def _order(group: ScalingGroup, alive: Sequence[Member], replaced: Sequence[Member]) -> list[Member]:
    """Return the order in which instances are terminated when the group gets smaller."""
    starting = [member for member in alive if member.entered_at is None and member not in replaced]
    others = [member for member in alive if member not in replaced and member not in starting]
    match group.health_policy.termination_policy:
        case "newest":
            others.sort(key=_age, reverse=True)
        case "oldest":
            others.sort(key=_age)
        case "oldest-template":
            others.sort(key=lambda member: (member.template_version, _age(member)))
    return [*replaced, *sorted(starting, key=_age, reverse=True), *others]


def _why(member: Member) -> str:
    return member.unhealthy or "its template is outdated"


def _age(member: Member) -> int:
    return member.number
