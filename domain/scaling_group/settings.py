"""The size of a group, when an instance counts as unhealthy, and which one is terminated first."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from domain import values

HealthCheck = Literal["container", "load-balancer"]
TerminationPolicy = Literal["oldest", "newest", "oldest-template"]
Process = Literal["launch", "terminate", "health", "scaling", "schedules"]
PROCESSES: tuple[str, ...] = get_args(Process)
MAX_INSTANCES = 100
MAX_GRACE_S = 3600


@dataclass(frozen=True, slots=True)
class Size:
    """The smallest, the desired and the largest number of instances."""

    min: int
    desired: int
    max: int

    def check(self) -> None:
        """Raise Invalid unless min ≤ desired ≤ max."""
        for name in ("min", "desired", "max"):
            values.between(getattr(self, name), 0, MAX_INSTANCES, name)
        if self.min > self.max:
            raise values.must("min", f"be at most `max`, which is {self.max}", self.min)
        if not self.min <= self.desired <= self.max:
            raise values.must("desired", f"be from `min` to `max`, {self.min} to {self.max}", self.desired)

    def within(self, desired: int) -> int:
        """Return a number of instances, limited to min and max."""
        return max(self.min, min(desired, self.max))


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When an instance is replaced, how many at once, and which one is terminated when there are too many."""

    health_check: HealthCheck = "container"
    grace_s: int = 60
    """How long failing health checks of load balancers are ignored after an instance came into service."""
    replace_percent: int = 20
    """The share of the desired instances that is replaced at once; at least one is."""
    termination_policy: TerminationPolicy = "oldest-template"

    def check(self) -> None:
        """Raise Invalid."""
        values.one_of(self.health_check, get_args(HealthCheck), "health_check")
        values.one_of(self.termination_policy, get_args(TerminationPolicy), "termination_policy")
        values.between(self.grace_s, 0, MAX_GRACE_S, "health_check_grace_s")
        values.between(self.replace_percent, 1, 100, "replace_percent")

    def as_json(self) -> dict[str, Any]:
        """Return what events hold."""
        return {
            "health_check": self.health_check,
            "grace_s": self.grace_s,
            "replace_percent": self.replace_percent,
            "termination_policy": self.termination_policy,
        }

    def at_once(self, desired: int) -> int:
        """Return how many instances are replaced at once."""
        return max(1, desired * self.replace_percent // 100)


def processes(named: list[str]) -> list[str]:
    """Return the processes to suspend or resume; all of them when none is named. Raises Invalid."""
    for name in named:
        values.one_of(name, PROCESSES, "processes")
    return sorted(set(named)) or sorted(PROCESSES)


def paused(plans: list[str], *, is_refreshing: bool) -> frozenset[str]:
    """Return what rests while plans change a group or what it needs: all that it decides by itself.

    It launches and terminates instances nevertheless, because a plan may ask for that; and a refresh has to know which
    of its new instances fail.
    """
    if not plans:
        return frozenset()
    return frozenset({"scaling", "schedules"} if is_refreshing else {"health", "scaling", "schedules"})
